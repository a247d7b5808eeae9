import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createDynamoBreakerNotes } from '../../../lib/adapters/ledger/dynamo-breaker-notes.ts';
import { anAwsError } from '../../support/an-aws-error.ts';
import { aSession } from '../../support/builders.ts';

const client = new DynamoDBClient({ region: 'us-east-1' });
const dynamoDb = mockClient(client);
const notes = createDynamoBreakerNotes({ client, table: 'ledger' });

test('whatever is asked of a ledger that is away fails as the ledger’s failure', async () => {
  dynamoDb.rejects(anAwsError('TimeoutError'));

  const asked = [
    notes.readOpening(),
    notes.noteClosing(1, { closedMs: 1, wasFalseAlarm: false }),
    notes.readPause(),
    notes.clearPause(),
    notes.readRow(),
    notes.noteSuccess(aSession(), 1),
    notes.noteFailure(aSession(), 1),
    notes.noteRemoval(aSession()),
    notes.clearRow(),
  ];

  for (const result of await Promise.allSettled(asked)) {
    expect(result).toMatchObject({
      status: 'rejected',
      reason: { reason: 'ledger_failed:timeout_error' },
    });
  }
});

test('ids in the ledger that are none name no session', async () => {
  const opening = { openedMs: 1, holdOffSeconds: 60, nextProbeMs: 1, failedProbes: 0 };
  const numbers = Object.entries(opening).map(([name, value]) => [name, { N: String(value) }]);
  dynamoDb.resolves({
    Item: { ...Object.fromEntries(numbers), websiteId: { S: '..' }, sessionId: { S: '../../plugin' } },
  });

  expect(await notes.readOpening()).toMatchObject({ code: 'unknown', session: undefined });
});

test('an opening without its numbers is a failure of the ledger, not an opening', async () => {
  dynamoDb.resolves({ Item: { openedMs: { N: '1' }, code: { S: 'crisp_timeout' } } });

  await expect(notes.readOpening()).rejects.toMatchObject({ reason: 'ledger_failed:no_number' });
});
