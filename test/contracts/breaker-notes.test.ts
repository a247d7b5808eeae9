import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll } from 'vitest';
import { createDynamoBreakerNotes } from '../../lib/adapters/ledger/dynamo-breaker-notes.ts';
import { createMemoryBreakerNotes } from '../support/memory-breaker-notes.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';
import { describeBreakerNotes } from './breaker-notes-contract.ts';

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});

afterAll(() => ledger.stop());

describeBreakerNotes('in memory', async () => createMemoryBreakerNotes());

describeBreakerNotes('DynamoDB embedded', async () => {
  const { client, table: TableName } = ledger;
  for (const sk of ['state', 'pause', 'streak']) {
    await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: 'breaker' }, sk: { S: sk } } }));
  }
  return createDynamoBreakerNotes(ledger);
});
