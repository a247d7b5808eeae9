import { DeleteItemCommand, DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDynamoSessionNotes } from '../../lib/adapters/dynamo-session-notes.ts';
import { anAwsError } from '../support/an-aws-error.ts';
import { aSession } from '../support/builders.ts';

const NOW_MS = 1_790_856_000_500;
const client = new DynamoDBClient({ region: 'us-east-1' });
const dynamoDb = mockClient(client);
const notes = createDynamoSessionNotes({ client, table: 'ledger' });

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
      notes.noteAbsence(aSession(), NOW_MS),
      notes.clearAbsence(aSession()),
      notes.countStaleRead('message-1', NOW_MS),
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
    await expect(notes.clearAbsence(aSession())).rejects.toMatchObject({
      hint: expect.stringContaining('dynamodb:DeleteItem'),
    });
  });

  test('every note expires, in epoch seconds, after it can matter', async () => {
    dynamoDb.on(UpdateItemCommand).resolves({ Attributes: { firstMs: { N: '1' }, staleReads: { N: '1' } } });
    dynamoDb.on(DeleteItemCommand).resolves({});

    await notes.noteAbsence(aSession(), NOW_MS);
    await notes.countStaleRead('message-1', NOW_MS);

    const expiries = dynamoDb
      .commandCalls(UpdateItemCommand)
      .map(({ args }) => Number(args[0].input.ExpressionAttributeValues?.[':end']?.N));
    expect(expiries).toEqual([1_790_942_401, 1_790_942_401, 1_792_152_001]);
  });

  test('an answer without the number is a failure, not a zero', async () => {
    dynamoDb.on(UpdateItemCommand).resolves({});

    await expect(notes.countStaleRead('message-1', NOW_MS)).rejects.toMatchObject({
      reason: 'ledger_failed:no_number',
    });
  });
});
