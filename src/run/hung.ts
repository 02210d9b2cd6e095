// Whether a sidecar hangs: looked for by each of its runners over its attachment, every few seconds. Called by runner.ts.
// It is the sidecar's event loop that answers, so that a slow backend and an orderly end do not count.
import type { Logger } from 'pino';
import type { Attachment } from './attachment.js';

/** How often to look, and how many looks without an answer, one after the other, are a sidecar that hangs. */
export interface Looks {
  everyMs: number;
  inVain: number;
}

/** 35 to 40 seconds: longer than any stop of a process that is well, and about what liveness probes allow. */
export const LOOKS: Looks = { everyMs: 5000, inVain: 7 };

/** A look so late, in parts of the time between two, says that we have stood still ourselves, or the whole machine. */
const LATE = 0.2;

/** The row of looks in vain. Time is told. */
export class Row {
  readonly #looks: Looks;
  #last: number;
  #length = 0;
  #asked = false;

  constructor(looks: Looks, now: number) {
    this.#looks = looks;
    this.#last = now;
  }

  /** It is time for a look: whether to ask, and whether the row is full, as it is again after as many more. */
  look(now: number): { ask: boolean; full: boolean } {
    const { everyMs, inVain } = this.#looks;
    const late = now - this.#last > everyMs * (1 + LATE);
    this.#last = now;
    const ask = !this.#asked;
    this.#asked = true;
    this.#length = ask || late ? 0 : this.#length + 1;
    return { ask, full: this.#length > 0 && this.#length % inVain === 0 };
  }

  get begun(): boolean {
    return this.#length > 0;
  }

  answered(): void {
    this.#asked = false;
    this.#length = 0;
  }
}

/** Ends the sidecar of this attachment when it hangs. The process does not stay alive for it. */
export function endIfHung({ watched, gone }: Attachment, looks: Looks, log: Logger): void {
  if (!watched) return;
  const { pid } = watched;
  const row = new Row(looks, performance.now());
  const seconds = (looks.everyMs * looks.inVain) / 1000;
  const end = () => {
    if (watched.end())
      log.error({ sidecar: pid }, `the sidecar has not answered for ${seconds} seconds: it has been ended`);
    else
      log.error(
        { sidecar: pid },
        `the sidecar has not answered for ${seconds} seconds. It says to be process ${pid}, which cannot be proved from here: look, and end it`,
      );
  };
  const timer = setInterval(() => {
    const { ask, full } = row.look(performance.now());
    if (ask) watched.look(() => row.answered());
    // Not before it is seen whether an answer, or its end, has come by now: Node looks at timers first.
    if (full)
      setImmediate(() => {
        if (row.begun) end();
      });
  }, looks.everyMs);
  timer.unref();
  gone.then(() => clearInterval(timer));
}
