import { randomUUID } from 'node:crypto';
import { gunzipSync, gzipSync } from 'node:zlib';
import {
  createLedgerTable,
  type LedgerKey,
  type LedgerTableDeps,
  number,
  readNumber,
  toExpiry,
} from './table.ts';

/** What an idempotency key stands for: the key itself is never kept. */
interface IdempotentRequest {
  /** Who sent it, and a hash of the key. */
  readonly id: string;
  /** A hash of what was asked for. */
  readonly fingerprint: string;
}

interface KeptAnswer {
  readonly status: number;
  readonly body: string;
}

type Claim =
  /** Nobody has asked with this key: answer it, and `keep` the answer. */
  | { readonly outcome: 'mine' }
  /** It was answered already. */
  | { readonly outcome: 'answered'; readonly answer: KeptAnswer }
  /** It is being answered at the moment. */
  | { readonly outcome: 'running' }
  /** The key was used for something else. */
  | { readonly outcome: 'other' };

/** The answers to requests that may be repeated. Best effort: each method may reject with `JobError` `ledger_failed`. */
export interface IdempotencyNotes {
  claim(request: IdempotentRequest, nowMs: number): Promise<Claim>;
  keep(request: IdempotentRequest, answer: KeptAnswer): Promise<void>;
  /** Gives a claim back: the request failed, and may be repeated at once. */
  release(request: IdempotentRequest): Promise<void>;
}

const KEPT_SECONDS = 24 * 3600;

/** Longer than any request takes: after it, whoever claimed the key is gone. */
const LEASE_MS = 120_000;

// DynamoDB takes 400 KB an item. A thousand answers of a hundred bytes take less than half of that, compressed.
const MAX_BYTES = 300_000;

/** The answers in the ledger, for a day. */
export function createDynamoIdempotencyNotes(deps: LedgerTableDeps): IdempotencyNotes {
  const table = createLedgerTable(deps);

  return {
    async claim(request, nowMs) {
      const claimant = randomUUID();
      const claimed = await table.updateIf(
        toKey(request),
        'attribute_not_exists(fingerprint) OR expiresAt < :now OR (leaseMs < :nowMs AND attribute_not_exists(answer))',
        {
          expression:
            'SET fingerprint = :fingerprint, claimant = :claimant, leaseMs = :lease, expiresAt = :end REMOVE answer, httpStatus',
          values: {
            ':fingerprint': { S: request.fingerprint },
            ':claimant': { S: claimant },
            ':lease': number(nowMs + LEASE_MS),
            ':end': toExpiry(nowMs, KEPT_SECONDS),
            ':now': toExpiry(nowMs, 0),
            ':nowMs': number(nowMs),
          },
        },
      );
      if (claimed) return { outcome: 'mine' };
      const item = await table.get(toKey(request));
      // The SDK repeats a write whose answer was lost, and then meets its own claim.
      if (item?.claimant?.S === claimant) return { outcome: 'mine' };
      if (item?.fingerprint?.S !== request.fingerprint) return { outcome: 'other' };
      if (!item.answer?.B) return { outcome: 'running' };
      const body = gunzipSync(item.answer.B).toString();
      return { outcome: 'answered', answer: { status: readNumber(item.httpStatus), body } };
    },

    async keep(request, { status, body }) {
      const answer = gzipSync(body);
      if (answer.length > MAX_BYTES) return;
      await table.update(toKey(request), 'SET answer = :answer, httpStatus = :status', {
        ':answer': { B: answer },
        ':status': number(status),
      });
    },

    async release(request) {
      await table.update(toKey(request), 'REMOVE fingerprint, answer, leaseMs');
    },
  };
}

function toKey({ id }: IdempotentRequest): LedgerKey {
  return { pk: `idempotency:${id}`, sk: 'answer' };
}
