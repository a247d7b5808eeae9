import { DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDynamoRunHistory } from '../../../lib/adapters/ledger/dynamo-run-history.ts';
import { createDynamoRunLog } from '../../../lib/adapters/ledger/dynamo-run-log.ts';
import { toRunItem } from '../../../lib/adapters/ledger/run-item.ts';
import { anAwsError } from '../../support/an-aws-error.ts';
import { aSession } from '../../support/builders.ts';
import { aFailedRun, aRun } from '../../support/run-builders.ts';

const client = new DynamoDBClient({ region: 'us-east-1' });
const dynamoDb = mockClient(client);
const runLog = createDynamoRunLog({ client, table: 'ledger' });
const history = createDynamoRunHistory({ client, table: 'ledger' });
const GOOD = toRunItem(aFailedRun());

beforeEach(() => {
  dynamoDb.reset();
});

describe('the run log in DynamoDB', () => {
  test('a run that cannot be written is a failure of the ledger, and keeps no other from being written', async () => {
    dynamoDb.on(PutItemCommand).rejectsOnce(anAwsError('TimeoutError')).resolves({});

    const recorded = runLog.record([aRun(), aRun({ messageId: 'message-2' })]);

    await expect(recorded).rejects.toMatchObject({ reason: 'ledger_failed:timeout_error' });
    await expect(recorded).rejects.not.toThrow('canary');
    expect(dynamoDb.commandCalls(PutItemCommand)).toHaveLength(2);
  });

  test('a missing permission is named', async () => {
    dynamoDb.rejects(anAwsError('AccessDeniedException'));

    await expect(runLog.record([aRun()])).rejects.toMatchObject({
      hint: expect.stringContaining('dynamodb:PutItem'),
    });
    await expect(history.ofSession(aSession(), { limit: 1 })).rejects.toMatchObject({
      hint: expect.stringContaining('dynamodb:Query'),
    });
  });

  test('a run is kept under its session and its time, and expires 30 days later, in epoch seconds', async () => {
    dynamoDb.on(PutItemCommand).resolves({});

    await runLog.record([aRun({ startedMs: 1_790_856_000_500, messageId: 'message-7', receiveCount: 3 })]);

    expect(dynamoDb.commandCalls(PutItemCommand)[0]?.args[0].input.Item).toMatchObject({
      pk: { S: 'session:8c842203-7ed8-4e29-a608-7cf78a7d2fcc:session_a' },
      sk: { S: 'run:1790856000500:message-7:3' },
      expiresAt: { N: '1793448001' },
    });
  });
});

describe('the run history in DynamoDB', () => {
  test.each<[string, Parameters<typeof history.ofSession>[0] | object]>([
    ['is empty', {}],
    ['has an outcome of another version', { ...GOOD, outcome: { S: 'evaporated' } }],
    ['has an outcome that every object has', { ...GOOD, outcome: { S: 'constructor' } }],
    ['has a stage of another version', { ...GOOD, stage: { S: 'dance' } }],
    ['has a text for a number', { ...GOOD, startedMs: { S: 'yesterday' } }],
    ['has a number for a text', { ...GOOD, code: { N: '1' } }],
    ['has half a session', { ...GOOD, sessionId: undefined }],
    ['has a session that leaves its path', { ...GOOD, sessionId: { S: '../../x' } }],
    ['has a list for a reason', { ...GOOD, reason: { L: [] } }],
  ])('an item that %s is left out, and the others are read', async (_, item) => {
    dynamoDb.on(QueryCommand).resolves({ Items: [item as typeof GOOD, GOOD] });

    expect(await history.ofSession(aSession(), { limit: 10 })).toEqual([aFailedRun()]);
  });

  test('items that are left out do not count, and further pages make up for them', async () => {
    const next = { pk: { S: 'session' }, sk: { S: 'run' } };
    dynamoDb
      .on(QueryCommand)
      .resolvesOnce({ Items: [{}, GOOD], LastEvaluatedKey: next })
      .resolvesOnce({ Items: [], LastEvaluatedKey: next })
      .resolves({ Items: [GOOD, GOOD] });

    expect(await history.ofSession(aSession(), { limit: 2 })).toHaveLength(2);
    expect(dynamoDb.commandCalls(QueryCommand)[2]?.args[0].input.ExclusiveStartKey).toEqual(next);
  });
});
