import {
  type AttributeValue,
  CreateTableCommand,
  DeleteItemCommand,
  DeleteTableCommand,
  GetItemCommand,
  PutItemCommand,
  type PutItemCommandInput,
  QueryCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { expect } from 'vitest';
import type { Behaviour, ConformanceTarget } from './behaviour.ts';

const CONDITION_FAILED = expect.objectContaining({ name: 'ConditionalCheckFailedException' });

export const dynamodbBehaviours: readonly Behaviour[] = [
  {
    title: 'an item comes back as it was put; an absent one is none',
    async run(target) {
      const table = await makeTable(target);
      const item = { note: { S: '😀' }, count: { N: '12' }, list: { L: [{ BOOL: true }, { NULL: true }] } };

      await table.put('p', 's', item);

      expect(await table.get('p', 's')).toMatchObject(item);
      expect(await table.get('p', 'other')).toBeUndefined();
    },
  },
  {
    title: 'a put on condition of absence succeeds once',
    async run(target) {
      const table = await makeTable(target);
      const once = { ConditionExpression: 'attribute_not_exists(pk)' };

      await table.put('p', 's', { a: { S: 'first' } }, once);
      const second = table.put('p', 's', { a: { S: 'second' } }, once);

      await expect(second).rejects.toThrow(CONDITION_FAILED);
      expect(await table.get('p', 's')).toMatchObject({ a: { S: 'first' } });
    },
  },
  {
    title: 'an update on condition that a number grows never goes back',
    async run(target) {
      const table = await makeTable(target);
      const advance = (value: number) =>
        table.update('p', 's', {
          UpdateExpression: 'SET n = :n',
          ConditionExpression: 'attribute_not_exists(n) OR n < :n',
          ExpressionAttributeValues: { ':n': { N: String(value) } },
        });

      await advance(5);
      const back = advance(4);
      await expect(back).rejects.toThrow(CONDITION_FAILED);
      await advance(6);

      expect(await table.get('p', 's')).toMatchObject({ n: { N: '6' } });
    },
  },
  {
    title: 'concurrent ADDs are all counted, and each returns its own result',
    async run(target) {
      const table = await makeTable(target);
      const add = () =>
        table.update('p', 's', {
          UpdateExpression: 'ADD hits :one SET firstMs = if_not_exists(firstMs, :one)',
          ExpressionAttributeValues: { ':one': { N: '1' } },
          ReturnValues: 'ALL_NEW',
        });

      const results = await Promise.all(Array.from({ length: 20 }, add));

      const counts = results.map(({ Attributes }) => Number(Attributes?.hits?.N)).sort((a, b) => a - b);
      expect(counts).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
    },
  },
  {
    title: 'a query returns the items of one partition in the order of the sort key, forwards and backwards',
    async run(target) {
      const table = await makeTable(target);
      for (const sk of ['run#2', 'run#1', 'note#1', 'run#3']) await table.put('p', sk, {});
      await table.put('q', 'run#9', {});

      const forwards = await table.query('p', 'run#', true);
      const backwards = await table.query('p', 'run#', false);

      expect(forwards).toEqual(['run#1', 'run#2', 'run#3']);
      expect(backwards).toEqual(['run#3', 'run#2', 'run#1']);
    },
  },
  {
    title: 'an absent item may be deleted',
    async run(target) {
      const table = await makeTable(target);

      await expect(table.delete('p', 's')).resolves.toBeDefined();
    },
  },
];

async function makeTable({ dynamodb, name, onEnd }: ConformanceTarget) {
  const TableName = name('table');
  await dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'pk', AttributeType: 'S' },
        { AttributeName: 'sk', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'pk', KeyType: 'HASH' },
        { AttributeName: 'sk', KeyType: 'RANGE' },
      ],
    }),
  );
  onEnd(() => dynamodb.send(new DeleteTableCommand({ TableName })));
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: 60, minDelay: 1 }, { TableName });
  const toKey = (pk: string, sk: string) => ({ pk: { S: pk }, sk: { S: sk } });

  return {
    put: (
      pk: string,
      sk: string,
      item: Record<string, AttributeValue>,
      options: Partial<PutItemCommandInput> = {},
    ) => dynamodb.send(new PutItemCommand({ TableName, Item: { ...toKey(pk, sk), ...item }, ...options })),
    async get(pk: string, sk: string) {
      const command = new GetItemCommand({ TableName, Key: toKey(pk, sk), ConsistentRead: true });
      return (await dynamodb.send(command)).Item;
    },
    update: (pk: string, sk: string, update: Omit<UpdateItemCommandInput, 'TableName' | 'Key'>) =>
      dynamodb.send(new UpdateItemCommand({ TableName, Key: toKey(pk, sk), ...update })),
    delete: (pk: string, sk: string) =>
      dynamodb.send(new DeleteItemCommand({ TableName, Key: toKey(pk, sk) })),
    async query(pk: string, prefix: string, ScanIndexForward: boolean) {
      const { Items = [] } = await dynamodb.send(
        new QueryCommand({
          TableName,
          ConsistentRead: true,
          ScanIndexForward,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: { ':pk': { S: pk }, ':prefix': { S: prefix } },
        }),
      );
      return Items.map(({ sk }) => sk?.S);
    },
  };
}
