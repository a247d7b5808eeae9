import { DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDynamoMessageNotes } from '../../lib/adapters/dynamo-message-notes.ts';
import { anAwsError } from '../support/an-aws-error.ts';

const NOW_MS = 1_790_856_000_500;
const VERDICT = { code: 'crisp_rejected', detail: '400' } as const;
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
      notes.countStaleRead('message-1', NOW_MS),
      notes.noteVerdict('message-1', VERDICT, NOW_MS),
      notes.readVerdict('message-1'),
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
    await expect(notes.readVerdict('message-1')).rejects.toMatchObject({
      hint: expect.stringContaining('dynamodb:GetItem'),
    });
  });

  test('every note expires, in epoch seconds, after it can matter', async () => {
    dynamoDb.on(UpdateItemCommand).resolves({ Attributes: { firstMs: { N: '1' }, staleReads: { N: '1' } } });

    await notes.noteAbsence('message-1', NOW_MS);
    await notes.noteVerdict('message-1', VERDICT, NOW_MS);
    await notes.countStaleRead('message-1', NOW_MS);

    const expiries = dynamoDb
      .commandCalls(UpdateItemCommand)
      .map(({ args }) => Number(args[0].input.ExpressionAttributeValues?.[':end']?.N));
    expect(expiries).toEqual([1_792_152_001, 1_792_152_001, 1_792_152_001]);
  });

  test('an answer without the number is a failure, not a zero', async () => {
    dynamoDb.on(UpdateItemCommand).resolves({});

    await expect(notes.countStaleRead('message-1', NOW_MS)).rejects.toMatchObject({
      reason: 'ledger_failed:no_number',
    });
  });

  test('a verdict whose code is none of ours is a failure, not a verdict', async () => {
    dynamoDb.on(GetItemCommand).resolves({ Item: { code: { S: 'made_up' }, detail: { S: '' } } });

    await expect(notes.readVerdict('message-1')).rejects.toMatchObject({
      reason: 'ledger_failed:no_verdict',
    });
  });
});
