import { readFile } from 'node:fs/promises';
import {
  type CloudFormationClient,
  CreateChangeSetCommand,
  ExecuteChangeSetCommand,
  GetTemplateCommand,
  type ResourceToImport,
  waitUntilChangeSetCreateComplete,
  waitUntilStackImportComplete,
} from '@aws-sdk/client-cloudformation';
import {
  DeleteTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ResourceNotFoundException,
  UpdateTableCommand,
  waitUntilTableNotExists,
} from '@aws-sdk/client-dynamodb';
import {
  DeleteBucketCommand,
  DeleteObjectsCommand,
  HeadBucketCommand,
  ListObjectVersionsCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { parse } from 'yaml';
import { toAwsOperationError } from '../../lib/aws/failures.ts';
import { OperationError } from '../../lib/errors.ts';
import { isJsonObject } from '../../lib/text.ts';
import { toArchiveName } from './command.ts';
import type { Target } from './stack.ts';

/** What outlives a stack: by the names that a new one would give them. Undefined: there is none. */
export interface KeptData {
  readonly bucket: string | undefined;
  readonly table: string | undefined;
}

type Place = Pick<Target, 'stage' | 'region'>;

// SDK waiters: two seconds between the first looks.
const WAIT = { maxWaitTime: 600, minDelay: 2, maxDelay: 10 };

/** Looks for archive and ledger of a stage in a region. Rejects with `OperationError`. */
export async function findKeptData({ stage, region }: Place, account: string): Promise<KeptData> {
  const [s3, dynamodb] = [new S3Client({ region }), new DynamoDBClient({ region })];
  const [bucket, table] = [toArchiveName({ stage, region, account }), `crisp-enrich-${stage}-ledger`];
  try {
    const [hasBucket, hasTable] = await Promise.all([
      exists(() => s3.send(new HeadBucketCommand({ Bucket: bucket, ExpectedBucketOwner: account })), {
        action: 's3:ListBucket',
        resource: bucket,
      }),
      exists(() => dynamodb.send(new DescribeTableCommand({ TableName: table })), {
        action: 'dynamodb:DescribeTable',
        resource: table,
      }),
    ]);
    return { bucket: hasBucket ? bucket : undefined, table: hasTable ? table : undefined };
  } finally {
    s3.destroy();
    dynamodb.destroy();
  }
}

async function exists(
  look: () => Promise<unknown>,
  call: { action: string; resource: string },
): Promise<boolean> {
  try {
    await look();
    return true;
  } catch (thrown) {
    const isMissing = thrown instanceof Error && ['NotFound', 'NoSuchBucket'].includes(thrown.name);
    if (isMissing || thrown instanceof ResourceNotFoundException) return false;
    throw toAwsOperationError(thrown, call);
  }
}

/**
 * Takes archive and ledger of an earlier stack into this one, by a change set of type IMPORT; their content stays as it
 * is, and the deployment that follows gives them what the template wants. Rejects with `OperationError`.
 */
export async function adoptKeptData(
  client: CloudFormationClient,
  stackName: string,
  { kept, hasStack }: { kept: KeptData; hasStack: boolean },
): Promise<void> {
  const current = hasStack
    ? await readTemplate(client, stackName)
    : { AWSTemplateFormatVersion: '2010-09-09' };
  const Resources = { ...resourcesOf(current), ...(await toDefinitions(kept)) };
  const name = { StackName: stackName, ChangeSetName: 'adopt-kept-data' };
  try {
    await client.send(
      new CreateChangeSetCommand({
        ...name,
        ChangeSetType: 'IMPORT',
        TemplateBody: JSON.stringify({ ...current, Resources }),
        ResourcesToImport: toImports(kept),
        Capabilities: ['CAPABILITY_NAMED_IAM'],
      }),
    );
    await waitUntilChangeSetCreateComplete({ client, ...WAIT }, name);
    await client.send(new ExecuteChangeSetCommand(name));
    await waitUntilStackImportComplete({ client, ...WAIT }, { StackName: stackName });
  } catch (thrown) {
    const action = 'cloudformation:CreateChangeSet (IMPORT)';
    throw toAwsOperationError(thrown, { action, resource: stackName });
  }
}

// What cannot be changed any more; CloudFormation asks for a deletion policy.
const KEPT = { DeletionPolicy: 'Retain', UpdateReplacePolicy: 'Retain' };
const LEDGER_FILE = new URL('../../infra/ledger.yml', import.meta.url);
const TABLE_PROPERTIES = ['BillingMode', 'AttributeDefinitions', 'KeySchema'];

async function toDefinitions({ bucket, table }: KeptData): Promise<Record<string, object>> {
  const definitions: Record<string, object> = {};
  if (bucket !== undefined) {
    definitions.ArchiveBucket = { Type: 'AWS::S3::Bucket', ...KEPT, Properties: { BucketName: bucket } };
  }
  if (table !== undefined) {
    const file: unknown = parse(await readFile(LEDGER_FILE, 'utf8'), { logLevel: 'silent' });
    const ledger = resourcesOf(file).LedgerTable;
    const all = isJsonObject(ledger) && isJsonObject(ledger.Properties) ? ledger.Properties : {};
    const properties = Object.fromEntries(TABLE_PROPERTIES.map((name) => [name, all[name]]));
    definitions.LedgerTable = {
      Type: 'AWS::DynamoDB::Table',
      ...KEPT,
      Properties: { TableName: table, ...properties },
    };
  }
  return definitions;
}

function toImports({ bucket, table }: KeptData): ResourceToImport[] {
  const imports: ResourceToImport[] = [];
  if (bucket !== undefined) {
    const ResourceIdentifier = { BucketName: bucket };
    imports.push({ ResourceType: 'AWS::S3::Bucket', LogicalResourceId: 'ArchiveBucket', ResourceIdentifier });
  }
  if (table !== undefined) {
    const ResourceIdentifier = { TableName: table };
    imports.push({
      ResourceType: 'AWS::DynamoDB::Table',
      LogicalResourceId: 'LedgerTable',
      ResourceIdentifier,
    });
  }
  return imports;
}

async function readTemplate(
  client: CloudFormationClient,
  stackName: string,
): Promise<Record<string, unknown>> {
  const command = new GetTemplateCommand({ StackName: stackName, TemplateStage: 'Original' });
  const { TemplateBody = '{}' } = await client.send(command).catch((thrown: unknown) => {
    throw toAwsOperationError(thrown, { action: 'cloudformation:GetTemplate', resource: stackName });
  });
  const template: unknown = JSON.parse(TemplateBody);
  return isJsonObject(template) ? { ...template } : {};
}

function resourcesOf(template: unknown): Readonly<Record<string, unknown>> {
  const resources = isJsonObject(template) ? template.Resources : undefined;
  return isJsonObject(resources) ? resources : {};
}

/** Deletes archive and ledger for good, every version of every record. Rejects with `OperationError`. */
export async function deleteKeptData({ region }: Place, kept: KeptData, account: string): Promise<void> {
  if (kept.bucket !== undefined) await deleteBucket(region, kept.bucket, account);
  if (kept.table !== undefined) await deleteTable(region, kept.table);
}

async function deleteBucket(region: string, Bucket: string, ExpectedBucketOwner: string): Promise<void> {
  const s3 = new S3Client({ region });
  const target = { Bucket, ExpectedBucketOwner };
  let count = 0;
  try {
    // Always the first page: what it showed is gone by the next look.
    for (;;) {
      const { Versions = [], DeleteMarkers = [] } = await s3.send(new ListObjectVersionsCommand(target));
      const Objects = [...Versions, ...DeleteMarkers].map(({ Key, VersionId }) => ({ Key, VersionId }));
      if (Objects.length === 0) break;
      const { Errors = [] } = await s3.send(
        new DeleteObjectsCommand({ ...target, Delete: { Objects, Quiet: true } }),
      );
      if (Errors[0]) {
        const message = `${Errors.length} objects of ${Bucket} could not be deleted (${Errors[0].Code}); run it again`;
        throw new OperationError('aws_failed', message);
      }
      count += Objects.length;
      console.log(`${Bucket}: ${count} versions deleted`);
    }
    await s3.send(new DeleteBucketCommand(target));
    console.log(`${Bucket}: deleted`);
  } catch (thrown) {
    throw toAwsOperationError(thrown, {
      action: 's3:DeleteObjectVersion and s3:DeleteBucket',
      resource: Bucket,
    });
  } finally {
    s3.destroy();
  }
}

async function deleteTable(region: string, TableName: string): Promise<void> {
  const dynamodb = new DynamoDBClient({ region });
  try {
    await dynamodb.send(new UpdateTableCommand({ TableName, DeletionProtectionEnabled: false }));
    await dynamodb.send(new DeleteTableCommand({ TableName }));
    await waitUntilTableNotExists({ client: dynamodb, ...WAIT }, { TableName });
    console.log(`${TableName}: deleted`);
  } catch (thrown) {
    throw toAwsOperationError(thrown, {
      action: 'dynamodb:UpdateTable and dynamodb:DeleteTable',
      resource: TableName,
    });
  } finally {
    dynamodb.destroy();
  }
}
