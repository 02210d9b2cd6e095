// One line of the doctor: what was looked at, how it is, and what to do. Made by the other files of this folder.

/** What the doctor looks at, in the order of its lines. docs/doctor.md is held equal to this by a test. */
export const CHECKS = {
  settings: 'which settings are set, and where; never their values',
  node: 'version and architecture of this Node',
  dotnet: 'the .NET runtime that is used, and where it is',
  addon: 'the native addon of edge-js, loaded in a process of its own',
  gateway: 'the .NET half of the sidecar',
  'app-service': 'the sandbox of Azure App Service, where the doctor runs in one',
  loopback: 'whether this process, and another one, can connect to a port opened on 127.0.0.1',
  port: 'the TCP door: free, held by a sidecar, or by something else',
  socket: 'the Unix socket or named pipe, in the same way',
  discovery: 'the file in which clients look the doors up',
  'data-dir': 'the folder of the embedded backend: rights, space, who has it',
  memory: 'what the sidecar may come to need, and what there is',
  backend: 'what the settings name, as the .NET client reads it',
  dns: 'the addresses of each server',
  tcp: 'a connection to each server',
  tls: 'protocol, trust, name and last day of each certificate',
  'sign-in': 'user and password, access key, or identity',
  server: 'what the server is, its version, and whether it is a cluster',
  entries: 'an entry of the doctor’s own put, got and deleted, under the key prefix',
  scripting: 'the same with a condition and with a new life, which run as scripts',
  tracking: 'whether the server tells of changes, without which there is no near cache',
  eviction: 'what the server does when its memory is full',
  latency: 'the way to the server and back',
  clock: 'the clock of this machine beside the server’s',
} as const;

export type CheckName = keyof typeof CHECKS;

export interface Check {
  name: CheckName;
  /** `warn`: it works, or may; `fail`: it will not. */
  state: 'ok' | 'warn' | 'fail';
  /** What was found. Never a key, a value or a credential. */
  says: string;
  /** What to do, with all but `ok`. */
  fix?: string;
}

export const ok = (name: CheckName, says: string): Check => ({ name, state: 'ok', says });
export const warn = (name: CheckName, says: string, fix: string): Check => ({
  ...{ name, state: 'warn', says, fix },
});
export const fail = (name: CheckName, says: string, fix: string): Check => ({
  ...{ name, state: 'fail', says, fix },
});

/** A sentence of ours that says both, `What is wrong. What to do.` or `What is wrong: what to do.`, as a line. */
export function failAs(name: CheckName, sentence: string): Check {
  const parts = /^(.+?)(?:\. (?=[A-Z])|: (?=(?:use|set|create|check|to)\b))(.+)$/s.exec(sentence);
  const [, says = sentence, fix = 'see docs/doctor.md'] = parts ?? [];
  return fail(name, says.replace(/\.$/, ''), fix.replace(/\.$/, ''));
}

/** `work`, or what `late` says of it, after this long. */
export async function within<T>(ms: number, work: Promise<T>, late: () => T): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const end = new Promise<T>((resolve) => {
    timer = setTimeout(() => resolve(late()), ms);
  });
  try {
    return await Promise.race([work, end]);
  } finally {
    clearTimeout(timer);
  }
}
