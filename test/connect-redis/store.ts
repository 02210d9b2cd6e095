// Stands in place of connect-redis: our store under the name of theirs. It takes no client: the sidecar has one.
import session from 'express-session';
import azurecache from '../../client/dist/index.js';
import { sidecarUrl } from './server.js';

export class RedisStore extends azurecache(session) {
  constructor({ client, ...options }: { client: unknown }) {
    super({ ...options, url: sidecarUrl() });
  }
}
