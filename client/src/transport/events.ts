// Reads what the sidecar tells of entries (GET /v1/events), again from the start after each connection that was lost.
// Called by transport.ts. Knows nothing of what the events mean.
import { type IncomingMessage, request } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { AzureCacheError } from '../errors.js';
import type { Place } from './doors.js';
import { atFirstDoor, DOOR_MS } from './reach.js';
import { type Door, readRefusal, unreachable, whereOf } from './upgrade.js';

/** As the sidecar told it; `lost` is none of its: the connection is, so that what happens meanwhile is not told. */
export interface SidecarEvent {
  name: string;
  data: Readonly<Record<string, unknown>>;
}

const LOST: SidecarEvent = { name: 'lost', data: {} };
/** Between attempts, doubling from the first to the last, give or take a half. */
const FIRST_PAUSE_MS = 25;
const LAST_PAUSE_MS = 1000;
/** The sidecar says something every 15 s. */
const SILENT_MS = 40_000;
/** No event is longer; what is more is none of ours. */
const MAX_EVENT_CHARACTERS = 64 * 1024;

/**
 * Ends when `signal` fires, and not by itself: while no sidecar can be reached it goes on trying.
 * @throws AzureCacheError when the sidecar refuses for good (`unauthorized`, `key_too_long`, `door_refused`)
 */
export async function* eventsAt(
  place: Place,
  token: string | undefined,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<SidecarEvent, void> {
  let pauseMs = FIRST_PAUSE_MS;
  let told = false;
  while (!signal.aborted) {
    try {
      const response = await atFirstDoor(place, (door) => open(door, token, prefix, signal));
      for await (const event of read(response)) {
        if (event.name === 'end') break;
        pauseMs = FIRST_PAUSE_MS;
        told = false;
        yield event;
      }
    } catch (error) {
      if (!signal.aborted && error instanceof AzureCacheError && !error.retryable) throw error;
    }
    if (signal.aborted) return;
    if (!told) yield LOST;
    told = true;
    await pause(pauseMs * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
    pauseMs = Math.min(pauseMs * 2, LAST_PAUSE_MS);
  }
}

function open(
  door: Door,
  token: string | undefined,
  prefix: string,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const path = `/v1/events?prefix=${encodeURIComponent(prefix)}`;
    const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
    const call = request({ ...whereOf(door), path, headers, agent: false, signal });
    const late = new Error(`no answer came within ${DOOR_MS} ms`);
    const timer = setTimeout(() => call.destroy(late), DOOR_MS);
    call.on('close', () => clearTimeout(timer));
    call.on('error', (error) => reject(unreachable(door, error)));
    call.on('response', (response) => {
      clearTimeout(timer);
      if (response.statusCode === 200) return resolve(response);
      readRefusal(response).then(reject, (error) => reject(unreachable(door, error)));
    });
    call.setTimeout(SILENT_MS, () => call.destroy());
    call.end();
  });
}

/** Server-sent events, as far as the sidecar uses them: a name and one line of JSON. */
async function* read(response: IncomingMessage): AsyncGenerator<SidecarEvent, void> {
  let rest = '';
  for await (const chunk of response.setEncoding('utf8')) {
    const blocks = (rest + chunk).split('\n\n');
    rest = blocks.pop() as string;
    if (rest.length > MAX_EVENT_CHARACTERS) return;
    for (const block of blocks) {
      const [, name, json] = /^event: (\w+)\ndata: (.*)$/s.exec(block) ?? [];
      if (name !== undefined && json !== undefined) yield { name, data: JSON.parse(json) };
    }
  }
}
