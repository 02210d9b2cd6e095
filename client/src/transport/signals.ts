// Listens to an AbortSignal for any number of calls with one listener: Node warns from the eleventh on.
// Used by transport.ts.

interface Listening {
  reactions: Set<() => void>;
  /** The one listener. */
  fire: () => void;
}

const listenings = new WeakMap<AbortSignal, Listening>();

/** Calls `react` once the signal fires; answers a function that ends it. */
export function onAbort(signal: AbortSignal, react: () => void): () => void {
  const { reactions, fire } = listenings.get(signal) ?? listen(signal);
  reactions.add(react);
  return () => {
    if (!reactions.delete(react) || reactions.size > 0) return;
    // Node keeps a signal made by AbortSignal.any as long as somebody listens to it.
    signal.removeEventListener('abort', fire);
    listenings.delete(signal);
  };
}

function listen(signal: AbortSignal): Listening {
  const reactions = new Set<() => void>();
  const fire = () => {
    for (const react of reactions) react();
  };
  signal.addEventListener('abort', fire);
  const listening = { reactions, fire };
  listenings.set(signal, listening);
  return listening;
}
