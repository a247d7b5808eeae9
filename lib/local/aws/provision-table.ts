import {
  type AttributeDefinition,
  CreateTableCommand,
  DescribeTableCommand,
  type DynamoDBClient,
  type GlobalSecondaryIndex,
  type KeySchemaElement,
  ResourceNotFoundException,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { InfraError } from './infra-error.ts';
import type { InfraResource } from './infra-template.ts';

// Emulators make a table at once or within half a second.
const MAX_WAIT_SECONDS = 10;

/** Makes the table and waits until it can be used; returns its name. Expiry (TTL) is not emulated. */
export async function provisionTable(dynamodb: DynamoDBClient, resource: InfraResource): Promise<string> {
  const TableName = String(resource.property('TableName'));
  if (await hasTable(dynamodb, TableName)) return TableName;

  await dynamodb.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      // CloudFormation writes these three as the API does, which checks them.
      KeySchema: toList(resource, 'KeySchema') as KeySchemaElement[],
      AttributeDefinitions: toList(resource, 'AttributeDefinitions') as AttributeDefinition[],
      ...(resource.property('GlobalSecondaryIndexes') !== undefined && {
        GlobalSecondaryIndexes: toList(resource, 'GlobalSecondaryIndexes') as GlobalSecondaryIndex[],
      }),
    }),
  );
  await waitUntilTableExists({ client: dynamodb, maxWaitTime: MAX_WAIT_SECONDS, minDelay: 1 }, { TableName });
  return TableName;
}

async function hasTable(dynamodb: DynamoDBClient, TableName: string): Promise<boolean> {
  try {
    await dynamodb.send(new DescribeTableCommand({ TableName }));
    return true;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return false;
    throw error;
  }
}

function toList(resource: InfraResource, name: string): unknown[] {
  const value = resource.property(name);
  if (Array.isArray(value)) return value;
  throw new InfraError('infra_incomplete', `${resource.logicalId} needs ${name}`);
}
