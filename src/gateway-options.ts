// From the settings to what .NET is given. Called by sidecar.ts, and by the doctor, which has to ask for the same.
import type { BridgeOptions } from './bridge.js';
import type { Config } from './config.js';

/** All but what depends on the process. */
export type GatewayOptions = Omit<BridgeOptions, 'onEvent' | 'dotnetFolder'>;

export function gatewayOptions(config: Config, version: string): GatewayOptions {
  return {
    ...{ connection: config.connection, identifier: config.identifier, token: config.token },
    ...{ entra: config.entra, caFile: config.caFile, dataDir: config.dataDir, keyPrefix: config.keyPrefix },
    ...{ deadlineMs: config.deadlineMs, maxValueBytes: config.maxValueBytes },
    embeddedBytes: config.embeddedBytes,
    tracking: config.nearCacheBytes > 0,
    clientName: `azurecache-${version}`,
  };
}
