import { BatchGetItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, test } from 'vitest';
import { createDynamoFailureNotes } from '../../../lib/adapters/ledger/dynamo-failure-notes.ts';
import { anAwsError } from '../../support/an-aws-error.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';

const client = new DynamoDBClient({ region: 'us-east-1' });
const dynamoDb = mockClient(client);
const clock = createVirtualClock();
const notes = createDynamoFailureNotes({ client, table: 'ledger', clock });

beforeEach(() => {
  dynamoDb.reset();
});

describe('the failures of many messages in DynamoDB', () => {
  test('keys that DynamoDB left unanswered are asked for again, later and later', async () => {
    const startMs = clock.nowMs();
    dynamoDb
      .on(BatchGetItemCommand)
      .resolvesOnce(anAnswer({ items: ['a'], unprocessed: ['b', 'c'] }))
      .resolvesOnce(anAnswer({ items: ['b'], unprocessed: ['c'] }))
      .resolves(anAnswer({ items: ['c'] }));

    const read = notes.readMany(['a', 'b', 'c']);
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

    const read = expect(notes.readMany(['a'])).rejects.toMatchObject({
      reason: 'ledger_failed:unprocessed_keys',
    });
    await clock.advance(10_000);

    await read;
    expect(dynamoDb.calls()).toHaveLength(8);
  });

  test('a call that fails is a failure of the ledger, and names the missing permission', async () => {
    dynamoDb.rejects(anAwsError('AccessDeniedException'));

    await expect(notes.readMany(['a'])).rejects.toMatchObject({
      reason: 'ledger_failed:access_denied',
      hint: expect.stringContaining('dynamodb:BatchGetItem'),
    });
  });

  test('a note that makes no sense counts as absent, and the others are read', async () => {
    const { Responses } = anAnswer({ items: ['a', 'b'] });
    const strange = [{}, { pk: { S: 'message:c' } }, { ...anItem('d'), code: { S: 'of_tomorrow' } }];
    dynamoDb
      .on(BatchGetItemCommand)
      .resolves({ Responses: { ledger: [...strange, ...(Responses?.ledger ?? [])] } });

    expect([...(await notes.readMany(['a', 'b', 'c', 'd'])).keys()]).toEqual(['a', 'b']);
  });
});

function anAnswer({ items, unprocessed = [] }: { items: string[]; unprocessed?: string[] }) {
  const keys = unprocessed.map((messageId) => ({ pk: { S: `message:${messageId}` }, sk: { S: 'failure' } }));
  return {
    Responses: { ledger: items.map(anItem) },
    UnprocessedKeys: unprocessed.length === 0 ? {} : { ledger: { Keys: keys } },
  };
}

function anItem(messageId: string) {
  const one = { N: '1' };
  return {
    pk: { S: `message:${messageId}` },
    sk: { S: 'failure' },
    code: { S: 'crisp_rejected' },
    failures: one,
    permanents: one,
    maxAttempts: { N: '5' },
    firstMs: one,
    lastMs: one,
  };
}
