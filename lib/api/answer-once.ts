import { createHash } from 'node:crypto';
import type { ApiKey } from '../config/api-keys.ts';
import type { ApiContext, ApiRequest } from './context.ts';
import type { ApiAnswer } from './conversation.ts';
import { ApiProblem } from './problem.ts';

const KEY = /^[\x21-\x7e]{1,255}$/;

/**
 * Answers a request with an `Idempotency-Key` once: its repetition within a day gets the same answer. Without the ledger
 * it is answered again. Throws `ApiProblem`: `idempotency_key_invalid`, `idempotency_key_reused`,
 * `idempotency_in_progress`.
 */
export async function answerOnce(
  { idempotency, bestEffort, clock }: Pick<ApiContext, 'idempotency' | 'bestEffort' | 'clock'>,
  { request, caller }: { readonly request: ApiRequest; readonly caller: ApiKey },
  run: () => Promise<ApiAnswer>,
): Promise<ApiAnswer> {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return run();
  if (!KEY.test(key)) {
    throw new ApiProblem('idempotency_key_invalid', { detail: 'expected 1 to 255 printable characters' });
  }
  const once = {
    id: `${caller.name}:${toDigest(key)}`,
    fingerprint: toDigest(`${request.method} ${request.path}\n`, request.body),
  };
  const claim = await bestEffort('claim-answer', () => idempotency.claim(once, clock.nowMs()));
  switch (claim?.outcome) {
    case 'answered':
      return { ...claim.answer, headers: { 'idempotency-replayed': 'true' } };
    case 'running':
      throw new ApiProblem('idempotency_in_progress', {
        detail: 'the same request is being answered',
        retryAfterSeconds: 5,
      });
    case 'other':
      throw new ApiProblem('idempotency_key_reused', { detail: 'this key was used for another request' });
    case 'mine':
      break;
    default:
      // What is kept of a request expires with its claim: without one it would stay for good.
      return run();
  }
  try {
    const answer = await run();
    await bestEffort('keep-answer', () => idempotency.keep(once, answer));
    return answer;
  } catch (thrown) {
    await bestEffort('release-answer', () => idempotency.release(once));
    throw thrown;
  }
}

function toDigest(...parts: readonly (string | Buffer)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(part);
  return hash.digest('hex');
}
