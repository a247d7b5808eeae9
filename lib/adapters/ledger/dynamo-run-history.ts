import { QueryCommand } from '@aws-sdk/client-dynamodb';
import type { Run } from '../../core/run/run.ts';
import type { RunHistory } from '../../ports/run-log.ts';
import { type LedgerItem, type LedgerTableDeps, toLedgerFailure } from './ledger-table.ts';
import { RUN_PREFIX, toRun, toRunOwner } from './run-item.ts';

/** The run log as people read it. Rejects with `JobError` `ledger_failed`; items that are no runs are left out. */
export function createDynamoRunHistory({ client, table }: LedgerTableDeps): RunHistory {
  return {
    ofSession: (session, { limit }) => readNewest(toRunOwner(session), limit),
    ofUnreadMessage: (messageId, { limit }) => readNewest(toRunOwner(messageId), limit),
  };

  async function readNewest(owner: string, limit: number): Promise<readonly Run[]> {
    const runs: Run[] = [];
    let from: LedgerItem | undefined;
    while (runs.length < limit) {
      const page = await client.send(toQuery(owner, from)).catch(toLedgerFailure('dynamodb:Query'));
      runs.push(...(page.Items ?? []).flatMap((item) => toRun(item) ?? []));
      from = page.LastEvaluatedKey;
      if (from === undefined) break;
    }
    return runs.slice(0, limit);
  }

  function toQuery(owner: string, from: LedgerItem | undefined): QueryCommand {
    return new QueryCommand({
      TableName: table,
      KeyConditionExpression: 'pk = :owner AND begins_with(sk, :run)',
      ExpressionAttributeValues: { ':owner': { S: owner }, ':run': { S: RUN_PREFIX } },
      ScanIndexForward: false,
      ConsistentRead: true,
      Limit: PAGE_ITEMS,
      ExclusiveStartKey: from,
    });
  }
}

// A run takes a few hundred bytes, so a page is far below the 1 MB that one query may read.
const PAGE_ITEMS = 100;
