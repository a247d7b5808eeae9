import { createHash, timingSafeEqual } from 'node:crypto';
import type { ApiKey, ApiScope } from '../config/api-keys.ts';
import type { SecretOptions, Secrets } from '../config/secret-reader.ts';
import { toErrorName } from '../defects.ts';
import { ApiProblem } from './problem.ts';

const BEARER = /^Bearer +([\w.~+/=-]{1,512}) *$/i;

/**
 * The key of a request's `Authorization`, if it may be used for `scope`. Throws `ApiProblem`: `key_missing`,
 * `key_malformed`, `key_mismatch`, `scope_missing`, `config_unavailable`.
 */
export async function authenticate(
  secrets: Pick<Secrets, 'apiKeys'>,
  authorization: string | undefined,
  scope: ApiScope,
): Promise<ApiKey> {
  if (authorization === undefined) {
    throw new ApiProblem('key_missing', { detail: 'send a key as Authorization: Bearer KEY' });
  }
  const given = BEARER.exec(authorization)?.[1];
  if (given === undefined)
    throw new ApiProblem('key_malformed', { detail: 'expected Authorization: Bearer KEY' });
  const known = findKey(given, await loadKeys(secrets));
  // It may have been entered a moment ago: the keys are read anew, and tried once.
  const key = known ?? findKey(given, await loadKeys(secrets, { fresh: true }));
  if (!key) throw new ApiProblem('key_mismatch', { detail: 'no such key' });
  if (!key.scopes.includes(scope)) {
    throw new ApiProblem('scope_missing', { detail: `the key ${key.name} has no scope ${scope}` });
  }
  return key;
}

/** Compares with every key, and whole digests at that: how long it takes says nothing of any key. */
function findKey(given: string, keys: readonly ApiKey[]): ApiKey | undefined {
  const digest = toDigest(given);
  return keys.filter(({ key }) => timingSafeEqual(toDigest(key), digest))[0];
}

function toDigest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}

async function loadKeys(
  secrets: Pick<Secrets, 'apiKeys'>,
  options?: SecretOptions,
): Promise<readonly ApiKey[]> {
  const keys = await secrets.apiKeys(options).catch((cause: unknown) => {
    const detail = 'the keys of the API cannot be read';
    throw new ApiProblem('config_unavailable', { detail, fields: { reason: toErrorName(cause) }, cause });
  });
  if (keys.length === 0) throw new ApiProblem('config_unavailable', { detail: 'the API has no keys yet' });
  return keys;
}
