// The sidecar's side of `azurecache run`: each runner holds one connection, its attachment (GET /v1/runner, Upgrade:
// azurecache-runner/1). The system closes it whatever way the runner ends. A shared sidecar ends with its last one.
// Called by listen.ts for upgrades; attach.ts is the other side.
//
// On the wire: the request says owner and fingerprint (identity.ts) in headers, the 101 of a shared sidecar its process id,
// and thereby that it answers looks. After it a runner sends LOOK now and then, and the sidecar HERE; nothing but its event
// loop stands between. A runner that goes in order sends LEAVE. The sidecar then ends the connection: at once, or, for the
// last one, when it has ended itself.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { ErrorCode } from '../errors.js';
import type { Guard } from '../guard.js';
import { replyRaw } from '../raw-reply.js';
import { described, type Identity } from './identity.js';

/** What a runner asks for in its Upgrade header. */
export const RUNNER_PROTOCOL = 'azurecache-runner/1';
export const RUNNER_PATH = '/v1/runner';
export const PID_HEADER = 'azurecache-pid';
export const LEAVE = 'leave\n';
export const LOOK = 'look\n';
const HERE = 'here\n';

/** A runner that is killed may be started again at once: a new one in this time finds the sidecar as it was. */
const GRACE_MS = 2000;
/** The first runner comes within this time, or none will. */
const FIRST_MS = 10_000;

/** All attachments of a sidecar. */
export class Runners {
  readonly outlivesDoors = true;
  /** Resolves when the last runner has gone; never, if the sidecar is not shared. */
  readonly unused: Promise<void>;
  readonly #identity: Identity;
  readonly #guard: Guard;
  readonly #shared: boolean;
  readonly #attached = new Set<Socket>();
  #end: () => void = () => {};
  #timer: NodeJS.Timeout | undefined;
  #closing = false;

  /** @param shared the sidecar ends when nobody uses it */
  constructor(identity: Identity, guard: Guard, shared: boolean) {
    this.#identity = identity;
    this.#guard = guard;
    this.#shared = shared;
    this.unused = new Promise((resolve) => {
      this.#end = () => {
        this.#closing = true;
        resolve();
      };
    });
    this.#endIn(FIRST_MS);
  }

  /** Takes an attachment, or refuses it with an HTTP error. */
  upgrade(request: IncomingMessage, socket: Socket, head: Buffer): void {
    const refusal = this.#refusal(request, socket);
    if (refusal) {
      const detail =
        refusal === 'runner_refused' ? `This sidecar is for ${described(this.#identity)}.` : undefined;
      return replyRaw(socket, refusal, {}, detail);
    }
    // A runner need not say anything for as long as it runs.
    socket.setTimeout(0);
    // One that was started by hand is looked after by whoever did that.
    const pid = this.#shared ? `${PID_HEADER}: ${process.pid}\r\n` : '';
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nUpgrade: ${RUNNER_PROTOCOL}\r\nConnection: Upgrade\r\n${pid}\r\n`,
    );
    clearTimeout(this.#timer);
    this.#attached.add(socket);
    let said = '';
    const take = (chunk: Buffer) => {
      const lines = (said + chunk.toString('latin1')).split(/(?<=\n)/);
      said = lines.at(-1)?.endsWith('\n') ? '' : (lines.pop() ?? '').slice(0, LEAVE.length);
      for (const line of lines) {
        // Whoever asks without reading the answers gets no more of them.
        if (line === LOOK && socket.writable && !socket.writableNeedDrain) socket.write(HERE);
        if (line === LEAVE) this.#leave(socket);
      }
    };
    socket.on('data', take);
    socket.on('end', () => socket.end());
    socket.on('close', () => {
      if (this.#attached.delete(socket)) this.#endIn(GRACE_MS);
    });
    take(head);
  }

  /** From now on nobody is taken; who is attached stays until the process ends. */
  close(): void {
    this.#closing = true;
    clearTimeout(this.#timer);
  }

  #leave(socket: Socket): void {
    if (!this.#attached.delete(socket)) return;
    if (this.#shared && this.#attached.size === 0) this.#end();
    else socket.end();
  }

  #endIn(ms: number): void {
    clearTimeout(this.#timer);
    if (this.#shared && !this.#closing && this.#attached.size === 0)
      this.#timer = setTimeout(() => this.#end(), ms);
  }

  #refusal({ headers, url, method }: IncomingMessage, socket: Socket): ErrorCode | undefined {
    const refusal = this.#guard.refusal(headers, socket, false);
    if (refusal) return refusal;
    if (this.#closing) return 'shutting_down';
    if (url !== RUNNER_PATH) return 'route_not_found';
    if (method !== 'GET') return 'method_not_allowed';
    const { owner, fingerprint } = this.#identity;
    const same =
      headers['azurecache-owner'] === encodeURIComponent(owner) &&
      headers['azurecache-fingerprint'] === fingerprint;
    return same ? undefined : 'runner_refused';
  }
}
