import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
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
import { createMemoryBreakerNotes } from '../support/breaker-scene.ts';
import { createMemoryLookNotes, createMemoryRedriveNotes } from '../support/dead-letter-scene.ts';
import { startEmbeddedLedger } from '../support/embedded-aws.ts';
import { createMemoryMessageNotes, createMemoryRunLog, createMemorySessionNotes } from '../support/memory.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { describeBreakerNotes, describeRunLog, describeSessionNotes } from './ledger-contracts.ts';
import {
  describeFailureNotes,
  describeLookNotes,
  describeMessageNotes,
  describeRedriveNotes,
} from './message-contracts.ts';

describe('message notes', () => {
  let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

  beforeAll(async () => {
    ledger = await startEmbeddedLedger();
  });

  afterAll(() => ledger.stop());

  describeMessageNotes('in memory', createMemoryMessageNotes);

  describeMessageNotes('DynamoDB embedded', () => createDynamoMessageNotes(ledger));
});

describe('failure notes', () => {
  let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

  beforeAll(async () => {
    ledger = await startEmbeddedLedger();
  });

  afterAll(() => ledger.stop());

  describeFailureNotes('in memory', () => {
    const notes = createMemoryMessageNotes();
    return { notes, failureNotes: notes };
  });

  describeFailureNotes('DynamoDB embedded', () => ({
    notes: createDynamoMessageNotes(ledger),
    failureNotes: createDynamoFailureNotes({ ...ledger, clock: createVirtualClock() }),
  }));
});

describe('redrive notes', () => {
  let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

  beforeAll(async () => {
    ledger = await startEmbeddedLedger();
  });

  afterAll(() => ledger.stop());

  describeRedriveNotes('in memory', createMemoryRedriveNotes);
  describeRedriveNotes('DynamoDB embedded', () => createDynamoRedriveNotes(ledger));
  describeLookNotes('in memory', createMemoryLookNotes);
  describeLookNotes('DynamoDB embedded', () => createDynamoLookNotes(ledger));
});

describe('breaker notes', () => {
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
});

describe('run log', () => {
  let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

  beforeAll(async () => {
    ledger = await startEmbeddedLedger();
  });

  afterAll(() => ledger.stop());

  describeRunLog('in memory', () => {
    const runLog = createMemoryRunLog();
    return { runLog, history: runLog };
  });

  describeRunLog('DynamoDB embedded', () => ({
    runLog: createDynamoRunLog(ledger),
    history: createDynamoRunHistory(ledger),
  }));

  describeSessionNotes('in memory', () => {
    const runLog = createMemoryRunLog();
    return { runLog, notes: createMemorySessionNotes(runLog) };
  });

  describeSessionNotes('DynamoDB embedded', () => ({
    runLog: createDynamoRunLog(ledger),
    notes: createDynamoSessionNotes(ledger),
  }));

  describeSessionNotes('DynamoDB embedded, written without its client', () => {
    const update = createItemUpdate({
      AWS_ENDPOINT_URL_DYNAMODB: ledger.endpoint,
      AWS_REGION: 'us-east-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    return {
      runLog: createDynamoRunLog(ledger),
      notes: {
        ...createDynamoSessionNotes(ledger),
        ...createDynamoSentNotes({ update, table: ledger.table }),
      },
    };
  });
});
