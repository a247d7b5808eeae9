import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDynamoMessageNotes } from '../../../lib/adapters/ledger/dynamo-message-notes.ts';
import { anAwsError } from '../../support/an-aws-error.ts';

const NOW_MS = 1_790_856_000_500;
const FAILURE = { code: 'crisp_rejected', detail: '400', hint: undefined, status: 400 } as const;
const OWN = { spendsAttempt: true, isPermanent: false, maxAttempts: 5, nowMs: NOW_MS };
const client = new DynamoDBClient({ region: 'us-east-1' });
const dynamoDb = mockClient(client);
const notes = createDynamoMessageNotes({ client, table: 'ledger' });

beforeEach(() => {
  dynamoDb.reset();
});

describe('the notes in DynamoDB', () => {
  test.each([
    ['ResourceNotFoundException', 'ledger_failed:resource_not_found'],
    ['ProvisionedThroughputExceededException', 'ledger_failed:provisioned_throughput_exceeded'],
    ['TimeoutError', 'ledger_failed:timeout_error'],
  ])('%s is a failure of the ledger, whatever was asked', async (name, reason) => {
    dynamoDb.rejects(anAwsError(name));

    const asked = [
      notes.noteAbsence('message-1', NOW_MS),
      notes.clearAbsence('message-1', NOW_MS),
      notes.countStaleRead('message-1', NOW_MS),
      notes.noteFailure('message-1', FAILURE, OWN),
      notes.readFailure('message-1'),
    ];

    for (const result of await Promise.allSettled(asked)) {
      expect(result).toMatchObject({ status: 'rejected', reason: { reason } });
      expect(String(Reflect.get(result, 'reason'))).not.toContain('canary');
    }
  });

  test('a missing permission is named', async () => {
    dynamoDb.rejects(anAwsError('AccessDeniedException'));

    await expect(notes.countStaleRead('message-1', NOW_MS)).rejects.toMatchObject({
      hint: expect.stringContaining('dynamodb:UpdateItem'),
    });
    await expect(notes.readFailure('message-1')).rejects.toMatchObject({
      hint: expect.stringContaining('dynamodb:GetItem'),
    });
  });

  test('notes expire, in epoch seconds, after they can matter; failures, after the dead letters too', async () => {
    dynamoDb.on(UpdateItemCommand).resolves({ Attributes: { ...anItem(), firstMs: ONE, staleReads: ONE } });

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
    dynamoDb.on(GetItemCommand).resolves({ Item: { ...anItem(), ...wrong } });

    await expect(notes.readFailure('message-1')).rejects.toMatchObject({ reason: `ledger_failed:${detail}` });
  });
});

const ONE = { N: '1' };

function anItem() {
  return {
    code: { S: 'crisp_rejected' },
    failures: ONE,
    permanents: { N: '0' },
    maxAttempts: { N: '5' },
    firstMs: ONE,
    lastMs: ONE,
  };
}
