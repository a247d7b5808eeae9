import {
  BatchGetItemCommand,
  BatchWriteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDynamoBreakerNotes } from '../../lib/ledger/breaker-notes.ts';
import { createDynamoFailureNotes } from '../../lib/ledger/failure-notes.ts';
import { createDynamoMessageNotes } from '../../lib/ledger/message-notes.ts';
import { createDynamoRunHistory, createDynamoRunLog, toRunItem } from '../../lib/ledger/runs.ts';
import { anAwsError } from '../support/aws.ts';
import { aFailedRun, aRun, aSession } from '../support/builders.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const client = new DynamoDBClient({ region: 'us-east-1' });
const dynamoDb = mockClient(client);
const ledger = { client, table: 'ledger' };
const NOW_MS = 1_790_856_000_500;
const FAILURE = { code: 'crisp_rejected', detail: '400', hint: undefined, status: 400 } as const;
const OWN = { spendsAttempt: true, isPermanent: false, maxAttempts: 5, nowMs: NOW_MS };
const breakerNotes = createDynamoBreakerNotes(ledger);
const notes = createDynamoMessageNotes(ledger);
const runLog = createDynamoRunLog(ledger);
const history = createDynamoRunHistory(ledger);
const clock = createVirtualClock();
const ONE = { N: '1' };
const ITEM = {
  ...{ code: { S: 'crisp_rejected' }, failures: ONE, permanents: { N: '0' }, maxAttempts: { N: '5' } },
  ...{ firstMs: ONE, lastMs: ONE },
};
const failureNotes = createDynamoFailureNotes({ ...ledger, clock });

beforeEach(() => {
  dynamoDb.reset();
});

test.each([
  ['ResourceNotFoundException', 'ledger_failed:resource_not_found'],
  ['ProvisionedThroughputExceededException', 'ledger_failed:provisioned_throughput_exceeded'],
  ['TimeoutError', 'ledger_failed:timeout_error'],
])('%s is a failure of the ledger, whatever was asked', async (name, reason) => {
  dynamoDb.rejects(anAwsError(name));

  const asked = [
    breakerNotes.readOpening(),
    breakerNotes.noteClosing(1, { closedMs: 1, wasFalseAlarm: false }),
    breakerNotes.readPause(),
    breakerNotes.clearPause(),
    breakerNotes.readRow(),
    breakerNotes.noteSuccess(aSession(), 1),
    breakerNotes.noteFailure(aSession(), 1),
    breakerNotes.noteRemoval(aSession()),
    breakerNotes.clearRow(),
    notes.noteAbsence('message-1', NOW_MS),
    notes.clearAbsence('message-1', NOW_MS),
    notes.countStaleRead('message-1', NOW_MS),
    notes.noteFailure('message-1', FAILURE, OWN),
    notes.readFailure('message-1'),
    runLog.record([aRun(), aRun({ messageId: 'message-2' })]),
  ];

  for (const result of await Promise.allSettled(asked)) {
    expect(result).toMatchObject({ status: 'rejected', reason: { reason } });
    expect(String(Reflect.get(result, 'reason'))).not.toContain('canary');
  }
});

test.each([
  ['BatchGetItem', () => failureNotes.readMany(['a'])],
  ['UpdateItem', () => notes.countStaleRead('message-1', NOW_MS)],
  ['GetItem', () => notes.readFailure('message-1')],
  ['BatchWriteItem', () => runLog.record([aRun()])],
  ['Query', () => history.ofSession(aSession(), { limit: 1 })],
])('a missing permission for %s is named', async (action, ask) => {
  dynamoDb.rejects(anAwsError('AccessDeniedException'));
  const hint = expect.stringContaining(`dynamodb:${action}`);
  await expect(ask()).rejects.toMatchObject({ reason: 'ledger_failed:access_denied', hint });
});

describe('dynamo breaker notes', () => {
  test('ids in the ledger that are none name no session', async () => {
    const opening = { openedMs: 1, holdOffSeconds: 60, nextProbeMs: 1, failedProbes: 0 };
    const numbers = Object.entries(opening).map(([name, value]) => [name, { N: String(value) }]);
    dynamoDb.resolves({
      Item: { ...Object.fromEntries(numbers), websiteId: { S: '..' }, sessionId: { S: '../../plugin' } },
    });

    expect(await breakerNotes.readOpening()).toMatchObject({ code: 'unknown', session: undefined });
  });

  test('an opening without its numbers is a failure of the ledger, not an opening', async () => {
    dynamoDb.resolves({ Item: { openedMs: { N: '1' }, code: { S: 'crisp_timeout' } } });
    await expect(breakerNotes.readOpening()).rejects.toMatchObject({ reason: 'ledger_failed:no_number' });
  });
});

describe('the failures of many messages in DynamoDB', () => {
  test('keys that DynamoDB left unanswered are asked for again, later and later', async () => {
    const startMs = clock.nowMs();
    dynamoDb
      .on(BatchGetItemCommand)
      .resolvesOnce(anAnswer({ items: ['a'], unprocessed: ['b', 'c'] }))
      .resolvesOnce(anAnswer({ items: ['b'], unprocessed: ['c'] }))
      .resolves(anAnswer({ items: ['c'] }));

    const read = failureNotes.readMany(['a', 'b', 'c']);
    await clock.advance(49);
    expect(dynamoDb.calls()).toHaveLength(1);
    await clock.advance(1);
    expect(dynamoDb.calls()).toHaveLength(2);
    await clock.advance(100);

    expect([...(await read).keys()]).toEqual(['a', 'b', 'c']);
    expect(clock.nowMs() - startMs).toBe(150);
  });

  test('a table that never answers is a failure of the ledger, within seconds', async () => {
    dynamoDb.on(BatchGetItemCommand).resolves(anAnswer({ items: [], unprocessed: ['a'] }));

    const read = expect(failureNotes.readMany(['a'])).rejects.toMatchObject({
      reason: 'ledger_failed:unprocessed_keys',
    });
    await clock.advance(10_000);

    await read;
    expect(dynamoDb.calls()).toHaveLength(8);
  });

  test('a note that makes no sense counts as absent, and the others are read', async () => {
    const { Responses } = anAnswer({ items: ['a', 'b'] });
    const strange = [{}, { pk: { S: 'message:c' } }, { ...anItem('d'), code: { S: 'of_tomorrow' } }];
    dynamoDb
      .on(BatchGetItemCommand)
      .resolves({ Responses: { ledger: [...strange, ...(Responses?.ledger ?? [])] } });

    expect([...(await failureNotes.readMany(['a', 'b', 'c', 'd'])).keys()]).toEqual(['a', 'b']);
  });

  function anAnswer({ items, unprocessed = [] }: { items: string[]; unprocessed?: string[] }) {
    const keys = unprocessed.map((messageId) => ({
      pk: { S: `message:${messageId}` },
      sk: { S: 'failure' },
    }));
    return {
      Responses: { ledger: items.map(anItem) },
      UnprocessedKeys: unprocessed.length === 0 ? {} : { ledger: { Keys: keys } },
    };
  }

  const anItem = (messageId: string) => ({
    pk: { S: `message:${messageId}` },
    sk: { S: 'failure' },
    ...ITEM,
  });
});

describe('the notes in DynamoDB', () => {
  test('notes expire, in epoch seconds, after they can matter; failures, after the dead letters too', async () => {
    dynamoDb.on(UpdateItemCommand).resolves({ Attributes: { ...ITEM, firstMs: ONE, staleReads: ONE } });

    await notes.noteAbsence('message-1', NOW_MS);
    await notes.clearAbsence('message-1', NOW_MS);
    await notes.countStaleRead('message-1', NOW_MS);
    await notes.noteFailure('message-1', FAILURE, OWN);

    const expiries = dynamoDb
      .commandCalls(UpdateItemCommand)
      .map(({ args }) => Number(args[0].input.ExpressionAttributeValues?.[':end']?.N));
    expect(expiries).toEqual([1_792_152_001, 1_792_152_001, 1_792_152_001, 1_793_448_001]);
  });

  test('an answer without the number is a failure, not a zero', async () => {
    dynamoDb.on(UpdateItemCommand).resolves({});

    await expect(notes.countStaleRead('message-1', NOW_MS)).rejects.toMatchObject({
      reason: 'ledger_failed:no_number',
    });
  });

  test.each([
    ['a code that is none of ours', { code: { S: 'made_up' } }, 'no_failure'],
    ['no count', { failures: { S: 'many' } }, 'no_number'],
    ['no limit', { maxAttempts: { NULL: true as const } }, 'no_number'],
  ])('a failure with %s is a failure of the ledger, not a note', async (_, wrong, detail) => {
    dynamoDb.on(GetItemCommand).resolves({ Item: { ...ITEM, ...wrong } });

    await expect(notes.readFailure('message-1')).rejects.toMatchObject({
      reason: `ledger_failed:${detail}`,
    });
  });
});

describe('the run log in DynamoDB', () => {
  const GOOD = toRunItem(aFailedRun());

  test('a run that was left unwritten is a failure, too', async () => {
    const left = { ledger: [{ PutRequest: { Item: {} } }] };
    dynamoDb.on(BatchWriteItemCommand).resolves({ UnprocessedItems: left });

    await expect(runLog.record([aRun()])).rejects.toMatchObject({
      reason: 'ledger_failed:unprocessed_items',
    });
  });

  test('more runs than one request takes are all written', async () => {
    dynamoDb.on(BatchWriteItemCommand).resolves({});

    await runLog.record(Array.from({ length: 60 }, (_, place) => aRun({ messageId: `message-${place}` })));

    const sizes = dynamoDb
      .commandCalls(BatchWriteItemCommand)
      .map(({ args }) => args[0].input.RequestItems?.ledger?.length);
    expect(sizes).toEqual([25, 25, 11]);
  });

  test('a run is kept under its session and its time, and expires 30 days later, in epoch seconds', async () => {
    dynamoDb.on(BatchWriteItemCommand).resolves({});

    await runLog.record([aRun({ startedMs: 1_790_856_000_500, messageId: 'message-7', receiveCount: 3 })]);

    const [call] = dynamoDb.commandCalls(BatchWriteItemCommand);
    expect(call?.args[0].input.RequestItems?.ledger?.[0]?.PutRequest?.Item).toMatchObject({
      pk: { S: 'session:8c842203-7ed8-4e29-a608-7cf78a7d2fcc:session_a' },
      sk: { S: 'run:1790856000500:message-7:3' },
      expiresAt: { N: '1793448001' },
    });
  });
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
