import { existsSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../client/node_modules/aws-lambda-ric');

/** AWS's own runtime client for Node: what runs a function's handler on Lambda. */
export const RUNTIME_CLIENT = join(FOLDER, 'index.mjs');

/** Why the tests cannot run here; undefined where they can. */
export const RUNTIME_CLIENT_MISSING = existsSync(join(FOLDER, 'rapid-client.node'))
  ? undefined
  : "AWS's runtime client is not built here: npm run test:runtime builds it and runs these tests";
