// `node --import azurecache-sidecar/start server.js`: what `azurecache run` does, where the start command can only be
// added to (iisnode): a sidecar is there, and AZURE_CACHE_URL says where, before the app is loaded. From then on it is
// watched from within the app's process, which neither stays alive for that nor has its signals touched.
import { realpathSync } from 'node:fs';
import { isMainThread } from 'node:worker_threads';
import { identityIn, surroundings } from './around.js';
import { loadConfig } from './config.js';
import { logTo } from './log.js';
import { urlOf } from './run/attach.js';
import { COMMAND } from './run/launch.js';
import { runnerOptions, withDoor } from './run/run.js';
import { Runner } from './run/runner.js';

// Workers have the environment of their process, and the sidecar is there as long as that is. And where NODE_OPTIONS names
// this file, it is loaded by azurecache itself: by the doctor, say, who is asked why there is no sidecar.
if (isMainThread && !isCommand(process.argv[1])) await start();

async function start(): Promise<void> {
  const { env } = process;
  const around = surroundings([], env);
  const config = loadConfig(around);
  const log = logTo(2, config.logLevel);
  // As they are now, for sidecars that are started later: the app may change both.
  const asNow = { env: { ...env }, cwd: around.cwd };
  const options = runnerOptions(
    { config, identity: identityIn(config, around), log, flags: [], ...asNow },
    true,
  );
  // Somebody has said that the cache is elsewhere. (A parent process that did what this does has said the same as we
  // would: then this process has a part in it too, since the parent may end first.)
  if (env.AZURE_CACHE_URL && !(options.where && env.AZURE_CACHE_URL === urlOf(options.where))) return;
  const runner = new Runner(options);
  await runner.join();
  Object.assign(env, withDoor(env, runner.url, config));
}

function isCommand(script: string | undefined): boolean {
  try {
    return script !== undefined && realpathSync(script) === COMMAND;
  } catch {
    return false;
  }
}
