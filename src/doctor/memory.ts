// What the sidecar may come to need of memory, beside what it may have. Called by doctor.ts.
import type { Config } from '../config.js';
import { type Check, fail, ok, warn } from './check.js';

const MIB = 1024 * 1024;
/** Resident after the first answer, with nothing stored (docs/decisions/0010). */
const PROCESS_BYTES = 130 * MIB;

/** How much there is, and who says so. */
export interface MemoryLimit {
  bytes: number;
  from: string;
}

/**
 * The least of the limits that are known.
 * @param constrained of the cgroup, as process.constrainedMemory() gives it: 0 or more than there is = none
 */
export function memoryLimit(total: number, constrained: number, websiteMib: string | undefined): MemoryLimit {
  const limits: MemoryLimit[] = [{ bytes: total, from: 'this machine' }];
  if (constrained > 0 && constrained < total)
    limits.push({ bytes: constrained, from: 'the limit of its cgroup' });
  const website = Number(websiteMib);
  if (website > 0) limits.push({ bytes: website * MIB, from: 'WEBSITE_MEMORY_LIMIT_MB' });
  return limits.reduce((least, limit) => (limit.bytes < least.bytes ? limit : least));
}

export function memory(
  config: Pick<Config, 'nearCacheBytes' | 'embeddedBytes'>,
  embedded: boolean,
  { bytes, from }: MemoryLimit,
): Check {
  const entries = embedded ? config.embeddedBytes : 0;
  const needed = PROCESS_BYTES + config.nearCacheBytes + entries;
  const mib = (of: number) => `${Math.round(of / MIB)} MiB`;
  const parts = [`process ${mib(PROCESS_BYTES)}`, `near cache ${mib(config.nearCacheBytes)}`];
  if (embedded) parts.push(`entries ${mib(entries)}`);
  const says = `up to ${mib(needed)} (${parts.join(', ')}) of ${mib(bytes)} (${from})`;
  const setting = embedded
    ? 'AZURE_CACHE_EMBEDDED_BYTES or AZURE_CACHE_NEAR_CACHE_BYTES'
    : 'AZURE_CACHE_NEAR_CACHE_BYTES';
  if (needed > bytes) return fail('memory', says, `set ${setting} lower, or give it more`);
  if (needed > bytes * 0.8) return warn('memory', says, `leave some for the app: set ${setting} lower`);
  return ok('memory', says);
}
