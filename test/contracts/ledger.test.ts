import { DeleteItemCommand, type DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe } from 'vitest';
import { createDynamoBreakerNotes } from '../../lib/ledger/breaker-notes.ts';
import { createDynamoFailureNotes } from '../../lib/ledger/failure-notes.ts';
import {
  createDynamoLookNotes,
  createDynamoMessageNotes,
  createDynamoRedriveNotes,
} from '../../lib/ledger/message-notes.ts';
import { createDynamoRunHistory, createDynamoRunLog } from '../../lib/ledger/runs.ts';
import { createDynamoSentNotes, createDynamoSessionNotes } from '../../lib/ledger/session-notes.ts';
import { createItemUpdate } from '../../lib/ledger/update-item.ts';
import { createFakeLedger } from '../support/aws.ts';
import { startEmbeddedLedger } from '../support/embedded-aws.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { describeBreakerNotes, describeRunLog, describeSessionNotes } from './ledger-contracts.ts';
import {
  describeFailureNotes,
  describeLookNotes,
  describeMessageNotes,
  describeRedriveNotes,
} from './message-contracts.ts';

interface Ledger {
  readonly client: DynamoDBClient;
  readonly table: string;
  readonly endpoint?: string;
  stop?(): Promise<void>;
}

describe.each<[string, () => Promise<Ledger>]>([
  ['in memory', async () => createFakeLedger()],
  ['DynamoDB embedded', startEmbeddedLedger],
])('%s', (implementation, start) => {
  let ledger: Ledger;

  beforeAll(async () => {
    ledger = await start();
  });

  afterAll(() => ledger.stop?.());

  describeMessageNotes(implementation, () => createDynamoMessageNotes(ledger));
  describeFailureNotes(implementation, () => ({
    notes: createDynamoMessageNotes(ledger),
    failureNotes: createDynamoFailureNotes({ ...ledger, clock: createVirtualClock() }),
  }));
  describeRedriveNotes(implementation, () => createDynamoRedriveNotes(ledger));
  describeLookNotes(implementation, () => createDynamoLookNotes(ledger));
  describeBreakerNotes(implementation, async () => {
    const { client, table: TableName } = ledger;
    for (const sk of ['state', 'pause', 'streak']) {
      await client.send(new DeleteItemCommand({ TableName, Key: { pk: { S: 'breaker' }, sk: { S: sk } } }));
    }
    return createDynamoBreakerNotes(ledger);
  });
  describeRunLog(implementation, () => ({
    runLog: createDynamoRunLog(ledger),
    history: createDynamoRunHistory(ledger),
  }));
  describeSessionNotes(implementation, () => ({
    runLog: createDynamoRunLog(ledger),
    notes: createDynamoSessionNotes(ledger),
  }));
});

describe('written without its client', () => {
  let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

  beforeAll(async () => {
    ledger = await startEmbeddedLedger();
  });

  afterAll(() => ledger.stop());

  describeSessionNotes('DynamoDB embedded', () => {
    const update = createItemUpdate({
      AWS_ENDPOINT_URL_DYNAMODB: ledger.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    const sent = createDynamoSentNotes({ update, table: ledger.table });
    return { runLog: createDynamoRunLog(ledger), notes: { ...createDynamoSessionNotes(ledger), ...sent } };
  });
});
