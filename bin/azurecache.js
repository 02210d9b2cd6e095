#!/usr/bin/env node
// The command. In a checkout it builds first what is not built; then this process becomes the sidecar.
import { existsSync } from 'node:fs';

if (existsSync(new URL('../tsconfig.json', import.meta.url))) {
  const { buildIfStale } = await import('./build.js');
  await buildIfStale();
}
const { main } = await import('../dist/main.js');
await main();
