// What the sidecar tells of the entries of a cache, as applications read it. Called by cache.ts; how it comes here is
// transport/events.ts's.
import type { SidecarEvent } from '../transport/transport.js';
import { checked, EVENTS } from './call-rules.js';
import type { Scope } from './scope.js';

export interface EventsOptions {
  /** Ends the reading, without an error. */
  signal?: AbortSignal | undefined;
}

/**
 * What has happened to entries. `put` (also incremented, appended and prepended), `delete` and `touch`: through this
 * sidecar. `change`: in another way, or it is not known whether it was done. `clear`: the keys that begin with `prefix` were
 * removed, with `tags` only those that carried any or `all` of them. `reset`: anything may have changed; the first event
 * is one. `foreign`: whether changes that go past this sidecar are told. `lost`: until the next `reset` nothing is told,
 * since the sidecar cannot be reached.
 */
export type CacheEvent =
  | { type: 'put' | 'delete' | 'touch' | 'change'; key: string }
  | { type: 'clear'; prefix: string; tags?: string[]; all?: boolean }
  | { type: 'reset'; foreign: boolean }
  | { type: 'lost' };

/** What each event has its part of. */
interface Data {
  key: string;
  prefix: string;
  foreign: boolean;
  tags?: string[];
  all?: boolean;
}

/** A wrong prefix or option throws at once, not with the first event. */
export function events(scope: Scope, prefix: unknown, given: unknown): AsyncGenerator<CacheEvent, void> {
  const { signal } = checked<EventsOptions>('events', given, EVENTS);
  return read(scope, scope.transport.events(scope.region('events', prefix), signal));
}

async function* read(scope: Scope, told: AsyncIterable<SidecarEvent>): AsyncGenerator<CacheEvent, void> {
  for await (const { name, data } of told) {
    const { key, prefix, foreign, tags, all = false } = data as unknown as Data;
    if (name === 'reset') yield { type: name, foreign };
    else if (name === 'lost') yield { type: name };
    else if (name === 'clear') yield { type: name, prefix: scope.ownKey(prefix), ...(tags && { tags, all }) };
    else if (name === 'put' || name === 'delete' || name === 'touch' || name === 'change')
      yield { type: name, key: scope.ownKey(key) };
    // Others are of a later sidecar.
  }
}
