// What @keyv/test-suite asks of every storage adapter, the iterator cases included.
import keyvTestSuite, { keyvIteratorTests } from '@keyv/test-suite';
import Keyv from 'keyv';
import * as vitest from 'vitest';
import { AzureCacheKeyv } from '../../client/dist/keyv.js';

const store = () => new AzureCacheKeyv({ url: process.env.KEYV_TEST_URL as string });
keyvTestSuite(vitest as never, Keyv as never, store as never);
keyvIteratorTests(vitest as never, Keyv as never, store as never);
