import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll } from 'vitest';
import { createDynamoSessionNotes } from '../../lib/adapters/dynamo-session-notes.ts';
import { createMemorySessionNotes } from '../support/memory-session-notes.ts';
import { startEmbeddedDynamoDb } from '../support/start-embedded-dynamodb.ts';
import { describeSessionNotes } from './session-notes-contract.ts';

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

describeSessionNotes('in memory', createMemorySessionNotes);

describeSessionNotes('DynamoDB embedded', () =>
  createDynamoSessionNotes({ client: dynamoDb.client, table: TABLE }),
);
