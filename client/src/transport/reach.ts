// One attempt to reach a sidecar: the doors of a place in order, up to the first that answers. Called by link.ts for a
// connection, and by events.ts.

import { AzureCacheError } from '../errors.js';
import { Connection, type Keeper } from './connection.js';
import type { Place } from './doors.js';
import { trusted } from './trust.js';
import { type Door, nameOf, upgrade } from './upgrade.js';

/** A door that says nothing is given up after this long. */
export const DOOR_MS = 3000;

/**
 * Connects, without keeping the process alive.
 * @throws AzureCacheError as `atFirstDoor`
 */
export function reach(
  place: Place,
  token: string | undefined,
  background: AbortSignal,
  keeper: Keeper,
): Promise<Connection> {
  return atFirstDoor(place, async (door) => {
    const opened = await upgrade(door, { token, deadlineMs: DOOR_MS, background });
    return new Connection(opened.socket, opened.head, { deadlineMs: DOOR_MS, keeper });
  });
}

/**
 * What `open` answers for the first door that it can open.
 * @throws AzureCacheError retryable (`sidecar_unreachable`) when no door answers, or the sidecar is shutting down;
 * else a refusal that trying again does not change (`unauthorized`, `door_refused`)
 */
export async function atFirstDoor<Opened>(
  place: Place,
  open: (door: Door) => Promise<Opened>,
): Promise<Opened> {
  const tried: string[] = [];
  let cause: unknown;
  for (const door of await place.doors()) {
    try {
      return await open(await checked(door));
    } catch (error) {
      if (!(error instanceof AzureCacheError) || !error.retryable) throw error;
      tried.push(`${nameOf(door)} (${reasonOf(error)})`);
      cause = error;
    }
  }
  const where = tried.length > 0 ? `tried ${tried.join(', ')}` : 'there is no place to look for it';
  const message = `No sidecar can be reached: ${where}. Start it (azurecache), or say where it is with AZURE_CACHE_URL.`;
  throw new AzureCacheError('sidecar_unreachable', message, 'not_applied', cause);
}

/** The door under the path that was looked at, so that no link can be turned in between. */
async function checked(door: Door): Promise<Door> {
  if (!('path' in door)) return door;
  const path = await trusted(door.path, 'socket', process.getuid?.());
  if (path !== undefined) return { path };
  throw new AzureCacheError('sidecar_unreachable', 'there is no such socket');
}

/** As short as the reason can be told. */
function reasonOf(error: AzureCacheError): string {
  if (error.code !== 'sidecar_unreachable') return error.code;
  const { code, message } = (error.cause ?? { message: error.message }) as NodeJS.ErrnoException;
  return code ?? message;
}
