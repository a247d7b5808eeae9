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
import {
  CreateBucketCommand,
  DeleteBucketCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type PutObjectCommandInput,
} from '@aws-sdk/client-s3';
import { expect } from 'vitest';
import { type Behaviours, type ConformanceTarget, having } from './behaviour.ts';

const CONDITION_FAILED = expect.objectContaining({ name: 'ConditionalCheckFailedException' });

export const dynamodbBehaviours: Behaviours = {
  'an item comes back as it was put; an absent one is none': having(makeTable, async (table) => {
    const item = { note: { S: '😀' }, count: { N: '12' }, list: { L: [{ BOOL: true }, { NULL: true }] } };

    await table.put('p', 's', item);

    expect(await table.get('p', 's')).toMatchObject(item);
    expect(await table.get('p', 'other')).toBeUndefined();
  }),
  'a put on condition of absence succeeds once': having(makeTable, async (table) => {
    const once = { ConditionExpression: 'attribute_not_exists(pk)' };

    await table.put('p', 's', { a: { S: 'first' } }, once);
    const second = table.put('p', 's', { a: { S: 'second' } }, once);

    await expect(second).rejects.toThrow(CONDITION_FAILED);
    expect(await table.get('p', 's')).toMatchObject({ a: { S: 'first' } });
  }),
  'an update on condition that a number grows never goes back': having(makeTable, async (table) => {
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
  }),
  'concurrent ADDs are all counted, and each returns its own result': having(makeTable, async (table) => {
    const add = () =>
      table.update('p', 's', {
        UpdateExpression: 'ADD hits :one SET firstMs = if_not_exists(firstMs, :one)',
        ExpressionAttributeValues: { ':one': { N: '1' } },
        ReturnValues: 'ALL_NEW',
      });

    const results = await Promise.all(Array.from({ length: 20 }, add));

    const counts = results.map(({ Attributes }) => Number(Attributes?.hits?.N)).sort((a, b) => a - b);
    expect(counts).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  }),
  'a query returns the items of one partition in the order of the sort key, forwards and backwards': having(
    makeTable,
    async (table) => {
      for (const sk of ['run#2', 'run#1', 'note#1', 'run#3']) await table.put('p', sk, {});
      await table.put('q', 'run#9', {});

      const forwards = await table.query('p', 'run#', true);
      const backwards = await table.query('p', 'run#', false);

      expect(forwards).toEqual(['run#1', 'run#2', 'run#3']);
      expect(backwards).toEqual(['run#3', 'run#2', 'run#1']);
    },
  ),
  'an absent item may be deleted': having(makeTable, async (table) => {
    await expect(table.delete('p', 's')).resolves.toBeDefined();
  }),
};

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

const MIB = 1024 * 1024;

export const s3Behaviours: Behaviours = {
  'an object comes back byte for byte, with its ETag; an absent one is NoSuchKey': having(
    makeBucket,
    async (bucket) => {
      const { ETag } = await bucket.put('records/a b/ü.json', '{"é":"😀"}');
      const found = await bucket.get('records/a b/ü.json');

      expect(found).toEqual({ text: '{"é":"😀"}', etag: ETag });
      await expect(bucket.get('records/none')).rejects.toThrow(
        expect.objectContaining({ name: 'NoSuchKey' }),
      );
    },
  ),
  'If-None-Match * writes an object that is absent and refuses one that exists': having(
    makeBucket,
    async (bucket) => {
      await bucket.put('k', 'one', { IfNoneMatch: '*' });
      const second = bucket.put('k', 'two', { IfNoneMatch: '*' });

      await expect(second).rejects.toThrow(expect.objectContaining({ name: 'PreconditionFailed' }));
      expect((await bucket.get('k')).text).toBe('one');
    },
  ),
  'of two writers with If-None-Match * at once, exactly one succeeds': having(makeBucket, async (bucket) => {
    const results = await Promise.allSettled(
      ['one', 'two'].map((text) => bucket.put('k', text, { IfNoneMatch: '*' })),
    );

    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  }),
  'If-Match replaces the version that it names and refuses any other': having(makeBucket, async (bucket) => {
    const { ETag: first } = await bucket.put('k', 'one');

    await bucket.put('k', 'two', { IfMatch: first });
    const stale = bucket.put('k', 'three', { IfMatch: first });

    await expect(stale).rejects.toThrow(expect.objectContaining({ name: 'PreconditionFailed' }));
    expect((await bucket.get('k')).text).toBe('two');
  }),
  'If-Match for an absent object is 404': having(makeBucket, async (bucket) => {
    const put = bucket.put('k', 'x', { IfMatch: '"00000000000000000000000000000000"' });

    await expect(put).rejects.toThrow(
      expect.objectContaining({ $metadata: expect.objectContaining({ httpStatusCode: 404 }) }),
    );
  }),
  'a list is in the order of keys, of one prefix, and is read on page by page': having(
    makeBucket,
    async (bucket) => {
      for (const key of ['a/2', 'a/1', 'b/1', 'a/10']) await bucket.put(key, key);

      const one = await bucket.list({ Prefix: 'a/', MaxKeys: 2 });
      const two = await bucket.list({
        Prefix: 'a/',
        MaxKeys: 2,
        ContinuationToken: one.NextContinuationToken,
      });

      expect([one, two].map(({ Contents = [] }) => Contents.map(({ Key }) => Key))).toEqual([
        ['a/1', 'a/10'],
        ['a/2'],
      ]);
    },
  ),
  'an absent object may be deleted': having(makeBucket, async (bucket) => {
    await expect(bucket.delete('never')).resolves.toBeDefined();
  }),
  'an object of 20 MiB is stored in one put': having(makeBucket, async (bucket) => {
    await bucket.put('large', 'x'.repeat(20 * MIB));

    expect((await bucket.get('large')).text).toHaveLength(20 * MIB);
  }),
};

async function makeBucket({ s3, name, onEnd }: ConformanceTarget) {
  const Bucket = name('bucket');
  await s3.send(new CreateBucketCommand({ Bucket }));
  onEnd(async () => {
    const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket }));
    for (const { Key } of Contents) await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    await s3.send(new DeleteBucketCommand({ Bucket }));
  });

  return {
    put: (Key: string, Body: string, conditions: Partial<PutObjectCommandInput> = {}) =>
      s3.send(new PutObjectCommand({ Bucket, Key, Body, ContentType: 'application/json', ...conditions })),
    async get(Key: string) {
      const { Body, ETag } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return { text: await Body?.transformToString(), etag: ETag };
    },
    list: (options: { Prefix: string; MaxKeys: number; ContinuationToken?: string | undefined }) =>
      s3.send(new ListObjectsV2Command({ Bucket, ...options })),
    delete: (Key: string) => s3.send(new DeleteObjectCommand({ Bucket, Key })),
  };
}
