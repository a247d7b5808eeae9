import { allStatements, type PolicyStatement } from '../template/policy-statements.ts';
import { at, resourcesOf, type Template, targetOf } from '../template/template.ts';

/** Everything that holds something names the key; but for the alarm topic, which holds nothing. */
export function checkOwnKey(template: Template, keyArn: string): string[] {
  return [
    ...find('AWS::SQS::Queue', (it) => it.KmsMasterKeyId === keyArn && it.SqsManagedSseEnabled === false),
    ...find('AWS::SNS::Topic', (it) => it.KmsMasterKeyId === keyArn).filter((id) => id !== 'AlarmTopic'),
    ...find('AWS::DynamoDB::Table', (it) => at(it, 'SSESpecification', 'KMSMasterKeyId') === keyArn),
    ...find('AWS::Logs::LogGroup', (it) => it.KmsKeyId === keyArn),
    ...find('AWS::S3::Bucket', (it) => keyOfBucket(it) === keyArn).filter(
      // Of the code alone, and osls's own.
      (id) => id !== 'ServerlessDeploymentBucket',
    ),
  ].map((id) => `${id} is not encrypted with the key`);

  function find(type: string, isMet: (properties: Readonly<Record<string, unknown>>) => boolean): string[] {
    return resourcesOf(template, type)
      .filter(({ properties }) => !isMet(properties))
      .map(({ id }) => id);
  }
}

function keyOfBucket(properties: Readonly<Record<string, unknown>>): unknown {
  const path = ['BucketEncryption', 'ServerSideEncryptionConfiguration', 0, 'ServerSideEncryptionByDefault'];
  return at(properties, ...path, 'KMSMasterKeyID');
}

// What writes needs a data key; whatever else is read needs it decrypted.
const WRITES = ['sqs:SendMessage', 'sns:Publish', 's3:PutObject', 'dynamodb:UpdateItem', 'dynamodb:PutItem'];

// Counts what others do: it neither reads nor writes anything that is encrypted.
const UNTOUCHED = 'SummaryRole';

/** Each role may use the key as its other rights need it, and no other key. */
export function checkKeyRights(template: Template, keyArn: string): string[] {
  const statements = allStatements(template).filter(({ effect }) => effect === 'Allow');
  const ofKeys = statements.filter(({ actions }) => actions.some((action) => action.startsWith('kms:')));
  return [
    ...ofKeys
      .filter(({ resources }) => resources.join() !== keyArn)
      .map(({ owner }) => `${owner} may use other keys`),
    ...resourcesOf(template, 'AWS::IAM::Role').flatMap(({ id }) => {
      if (id === UNTOUCHED) return [];
      const granted = keyActionsOf(id, ofKeys, template);
      const isWriter = statements.some(({ owner, actions }) => owner === id && actions.some(isWrite));
      return ['kms:Decrypt', ...(isWriter ? ['kms:GenerateDataKey'] : [])]
        .filter((action) => !granted.includes(action))
        .map((action) => `${id} lacks ${action}`);
    }),
  ];
}

function keyActionsOf(role: string, ofKeys: readonly PolicyStatement[], template: Template): string[] {
  return ofKeys
    .filter(({ owner }) => targetOf(at(template.Resources, owner, 'Properties', 'RoleName')) === role)
    .flatMap(({ actions }) => actions);
}

function isWrite(action: string): boolean {
  return WRITES.includes(action);
}
