// Starts the doctor's process for .NET (ask-gateway.ts) and gathers what it tells. Called by doctor.ts.
import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { BackendFacts, EndPoint } from '../bridge.js';
import type { Asked, Told, Tried } from './ask-gateway.js';

/** Everything that it does has a shorter bound; this is the last. */
const DEADLINE_MS = 22_000;
const MOST_STDERR = 2000;

/** What was told until it ended. */
export interface Answers {
  opened?: { embedded: boolean; dotnet: string; endPoints: readonly EndPoint[] };
  facts?: BackendFacts;
  tried?: Tried[];
  /** Whether changes are told; undefined when that was not asked. */
  proven?: boolean;
  failed?: { loaded: boolean; sentence: string };
  /** Log lines of the .NET half, warnings and worse, and those about changes. */
  events: { level: string; event: string; message: string }[];
  /** How it ended, if not by itself. */
  ended?: string;
  /** The last thing that edge-js or .NET printed before such an end. */
  printed?: string;
}

/** @param opened called as soon as the end points are known; answers whether going on is of no use */
export async function askGateway(
  asked: Asked,
  env: NodeJS.ProcessEnv,
  opened: (endPoints: readonly EndPoint[]) => Promise<boolean>,
): Promise<Answers> {
  const child = fork(fileURLToPath(new URL('./ask-gateway.js', import.meta.url)), [], {
    // Flags of this process and of the app (an inspector's port, azurecache-sidecar/start) are not the child's.
    env: { ...env, NODE_OPTIONS: '' },
    execArgv: [],
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  const answers: Answers = { events: [] };
  let printed = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-MOST_STDERR);
  });
  child.on('message', (message) => {
    take(answers, message as Told);
    if (answers.opened && (message as Told).step === 'opened')
      void opened(answers.opened.endPoints).then(giveUp);
  });
  let given = false;
  const giveUp = (useless: boolean) => {
    given = useless && answers.facts === undefined;
    if (given) child.kill(9);
  };
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill(9);
  }, DEADLINE_MS);
  child.send(asked, () => {});
  const how = await new Promise<string | undefined>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ?? (code === 0 ? undefined : `code ${code}`)));
  });
  clearTimeout(timer);
  if (how !== undefined && !given) {
    answers.ended = late ? `no answer in ${DEADLINE_MS / 1000} s` : how;
    answers.printed = printed.trim().split('\n').at(-1) ?? '';
  }
  return answers;
}

function take(answers: Answers, told: Told): void {
  switch (told.step) {
    case 'opened':
      answers.opened = told;
      break;
    case 'facts':
      answers.facts = told.facts;
      break;
    case 'entries':
      answers.tried = told.tried;
      break;
    case 'tracking':
      answers.proven = told.proven;
      break;
    case 'failed':
      answers.failed = told;
      break;
    case 'event':
      if (told.level !== 'debug') answers.events.push(told);
  }
}
