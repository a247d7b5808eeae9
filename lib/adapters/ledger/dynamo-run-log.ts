import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import type { Run } from '../../core/run/run.ts';
import type { RunLog } from '../../ports/run-log.ts';
import { type LedgerTableDeps, toExpiry, toItemKey, toLedgerFailure } from './ledger-table.ts';
import { toRunItem, toRunKey } from './run-item.ts';

// As long as a message can wait: 14 days in the queue and 14 in the dead-letter queue.
const RUN_SECONDS = 30 * 24 * 3600;

export interface DynamoRunLogDeps extends LedgerTableDeps {
  /** The last look at code and reason: takes out the secrets that the function has read. */
  readonly redact?: (text: string) => string;
}

/**
 * The run log in the ledger, one item for each run; the same run again changes nothing. Rejects with `JobError`
 * `ledger_failed` where one of them could not be written; the others are.
 */
export function createDynamoRunLog({ client, table, redact = (text) => text }: DynamoRunLogDeps): RunLog {
  return {
    async record(runs) {
      const results = await Promise.allSettled(
        runs.map((run) => {
          const key = toItemKey(toRunKey(run));
          const Item = {
            ...key,
            ...toRunItem(redactRun(run)),
            expiresAt: toExpiry(run.startedMs, RUN_SECONDS),
          };
          return client.send(new PutItemCommand({ TableName: table, Item }));
        }),
      );
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) toLedgerFailure('dynamodb:PutItem')(failed.reason);
    },
  };
  function redactRun({ code, reason, ...run }: Run): Run {
    return {
      ...run,
      ...(code !== undefined && { code: redact(code) }),
      ...(reason !== undefined && { reason: redact(reason) }),
    };
  }
}
