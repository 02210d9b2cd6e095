// What applications import from 'azurecache'.
export { Connection, type ConnectOptions, connect } from './connection.js';
export { AzureCacheError, type ErrorCode, type Outcome } from './errors.js';
export type { Operation, Result } from './operation.js';
export type { Door } from './upgrade.js';
