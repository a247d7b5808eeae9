import { CreateTableCommand } from '@aws-sdk/client-dynamodb';
import { startEmbeddedDynamoDb } from './start-embedded-dynamodb.ts';

/** A ledger of its own in the embedded DynamoDB, with the keys of infra/ledger.yml. */
export async function startEmbeddedLedger(table = 'contract-ledger') {
  const { client, stop } = await startEmbeddedDynamoDb();
  await client.send(
    new CreateTableCommand({
      TableName: table,
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
  return { client, table, stop };
}
