// The proof of near-redis.test.ts for a minute.
import t from 'tap';
import { provesCoherent } from '../near/coherence.js';

t.test(
  'for a minute no read is over a second old, nor older than a write over the same sidecar',
  async (t) => {
    await provesCoherent(t, 60_000);
  },
);
