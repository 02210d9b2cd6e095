// What `import … from 'azurecache'` gives: the CommonJS module, so that a process has one connection however it asks.
export {
  AzureCacheError,
  Connection,
  type ConnectOptions,
  connect,
  type Door,
  type ErrorCode,
  type Operation,
  type Outcome,
  type Result,
} from './index.js';
