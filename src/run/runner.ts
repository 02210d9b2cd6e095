// Keeps a sidecar at hand for as long as this process needs one: attaches to the one that is there or starts one, and when
// it goes, does so again. Of several runners that start one at once, one succeeds and the others attach (start-turn.ts).
// Called by run.ts and start.ts.
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from 'pino';
import { AttachError, urlOf, type Where, whereOf } from './attach.js';
import type { Attachment } from './attachment.js';
import { endIfHung, LOOKS, type Looks } from './hung.js';
import { LaunchError, type Told } from './launch.js';

/** How long to wait between tries, and when to stop; how long for a sidecar that does not answer, and for the command. */
export interface Patience {
  /** Before the second try of several that fail in a row; doubled each time. */
  firstMs: number;
  longestMs: number;
  /** So many in a row have been in vain: it gives up. */
  tries: number;
  /** A sidecar that stayed for so long has been well: its end is the first of a new row. */
  healthyMs: number;
  looks: Looks;
  /** Between SIGTERM and the hard end of the command, once it has given up. */
  commandMs: number;
}

export const PATIENCE: Patience = {
  ...{ firstMs: 250, longestMs: 10_000, tries: 10, healthyMs: 60_000 },
  ...{ looks: LOOKS, commandMs: 30_000 },
};

/** A sidecar that ends has its data folder for so long: its last requests, and what it has to write. */
const ENDING_MS = 12_000;

export interface RunnerOptions {
  /** Where sidecars of these settings are; undefined = each on a port of its own, which only starting one tells. */
  where: Where | undefined;
  /** @throws AttachError */
  attach: (where: Where, background: boolean) => Promise<Attachment>;
  /**
   * @param again where the last one was, if its port was not known before: the command knows no other
   * @throws LaunchError
   */
  launch: (background: boolean, again: Where | undefined) => Promise<Exclude<Told, { refused: string }>>;
  log: Logger;
  patience: Patience;
  /**
   * The process does not stay alive for it, once the first sidecar is there; and it never gives up, for there is nobody
   * who could do anything about it.
   */
  background: boolean;
}

export class Runner {
  /** Resolves with one sentence when it has given up. */
  readonly lost: Promise<string>;
  readonly #options: RunnerOptions;
  readonly #patience: Patience;
  #where: Where | undefined;
  #attachment: Attachment | undefined;
  #attachedAt = 0;
  /** Tries in a row, the successful ones too until they have proved healthy. */
  #tries = 0;
  #leaving = false;
  #giveUp: (sentence: string) => void = () => {};

  constructor(options: RunnerOptions) {
    this.#options = options;
    this.#patience = options.patience;
    this.#where = options.where;
    this.lost = new Promise((resolve) => {
      this.#giveUp = resolve;
    });
  }

  /** Where the sidecar is. */
  get where(): Where {
    return this.#where as Where;
  }

  /** For clients, as AZURE_CACHE_URL. */
  get url(): string {
    return urlOf(this.where);
  }

  /**
   * Resolves when a sidecar is there.
   * @throws AttachError, LaunchError: there is none, or not one that can be shared
   */
  async join(): Promise<void> {
    const begun = performance.now();
    for (let tries = 1; ; tries++)
      try {
        this.#hold(await this.#attachOrStart(false));
        if (this.#options.background) this.#attachment?.unref();
        return;
      } catch (error) {
        // It has found one that was just about to end.
        const isEnding =
          error instanceof AttachError
            ? error.nobody
            : error instanceof LaunchError && error.again && performance.now() - begun < ENDING_MS;
        if (!isEnding || tries >= this.#patience.tries) throw error;
        await pause(this.#delay(tries));
      }
  }

  /** Lets go of the sidecar; if nobody else uses it, it has ended when this resolves. */
  async leave(): Promise<void> {
    this.#leaving = true;
    await this.#attachment?.leave();
  }

  async #attachOrStart(background: boolean): Promise<Attachment> {
    const { attach, launch } = this.#options;
    if (this.#where)
      try {
        return await attach(this.#where, background);
      } catch (error) {
        if (!(error instanceof AttachError && error.nobody)) throw error;
      }
    const told = await launch(background, this.#options.where ? undefined : this.#where);
    if ('doors' in told) this.#where = whereOf(told.doors);
    // Somebody has the port, and which sidecar that is cannot be known.
    else if (!this.#where) throw new AttachError(told.inUse);
    return attach(this.#where, background);
  }

  #hold(attachment: Attachment): void {
    this.#attachment = attachment;
    this.#attachedAt = performance.now();
    endIfHung(attachment, this.#patience.looks, this.#options.log);
    attachment.gone.then(() => {
      if (!this.#leaving) void this.#rejoin();
    });
  }

  async #rejoin(): Promise<void> {
    const { log, background } = this.#options;
    const { tries, healthyMs } = this.#patience;
    if (performance.now() - this.#attachedAt >= healthyMs) this.#tries = 0;
    log.warn('the sidecar has gone: looking for another one, or starting it');
    let reason = 'each of them ended soon';
    for (;;) {
      if (this.#tries === tries) {
        const sentence = `No sidecar stayed in ${tries} tries; the last: ${reason}`;
        log.error(sentence);
        if (!background) return this.#giveUp(sentence);
      }
      if (this.#tries > 0) await pause(this.#delay(this.#tries), undefined, { ref: !background });
      if (this.#leaving) return;
      this.#tries += 1;
      try {
        const attachment = await this.#attachOrStart(background);
        if (this.#leaving) return void attachment.leave();
        log.info({ url: this.url }, 'a sidecar is there again');
        return this.#hold(attachment);
      } catch (error) {
        reason = (error as Error).message;
        log.warn(`no sidecar yet: ${reason}`);
      }
    }
  }

  /** Jitter, so that the runners of one host do not come all at once. */
  #delay(tries: number): number {
    const { firstMs, longestMs } = this.#patience;
    return Math.min(longestMs, firstMs * 2 ** (tries - 1)) * (0.5 + Math.random() / 2);
  }
}
