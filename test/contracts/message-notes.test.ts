import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll } from 'vitest';
import { createDynamoMessageNotes } from '../../lib/adapters/dynamo-message-notes.ts';
import { createMemoryMessageNotes } from '../support/memory-message-notes.ts';
import { startEmbeddedDynamoDb } from '../support/start-embedded-dynamodb.ts';
import { describeMessageNotes } from './message-notes-contract.ts';

const TABLE = 'contract-ledger';
let dynamoDb: Awaited<ReturnType<typeof startEmbeddedDynamoDb>>;

beforeAll(async () => {
  dynamoDb = await startEmbeddedDynamoDb();
  await dynamoDb.client.send(
    new CreateTableCommand({
      TableName: TABLE,
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
});

afterAll(() => dynamoDb.stop());

describeMessageNotes('in memory', createMemoryMessageNotes);

describeMessageNotes('DynamoDB embedded', () =>
  createDynamoMessageNotes({ client: dynamoDb.client, table: TABLE }),
);
