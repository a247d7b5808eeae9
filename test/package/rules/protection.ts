import { EXAMPLE_KEY_ARN } from '../../../scripts/packaging/format-permissions.ts';
import {
  allStatements,
  at,
  type PolicyStatement,
  resourceStatements,
  resourcesOf,
  set,
  type Template,
  type TemplateRule,
  targetOf,
  toList,
} from '../template.ts';
import { EVERY_ALARM_RULES } from './alarms.ts';
import { checkAlarmAddress } from './mapping.ts';
import { checkWildcards } from './permissions.ts';
import { SCHEMA_RULES } from './queues.ts';

/** Whatever holds messages or records holds them encrypted. */
export function checkEncryption(template: Template): string[] {
  return [
    ...find(template, 'AWS::SQS::Queue', (it) => it.SqsManagedSseEnabled === true),
    ...find(template, 'AWS::SNS::Topic', (it) => typeof it.KmsMasterKeyId === 'string').filter(
      (id) => id !== HOLDS_NOTHING,
    ),
    ...find(template, 'AWS::DynamoDB::Table', (it) => at(it, 'SSESpecification', 'SSEEnabled') === true),
    ...find(template, 'AWS::S3::Bucket', (it) =>
      Array.isArray(at(it, 'BucketEncryption', 'ServerSideEncryptionConfiguration')),
    ),
  ].map((id) => `${id} is not encrypted`);
}

// CloudWatch cannot publish through SNS's own key, and an alarm says nothing about anybody.
const HOLDS_NOTHING = 'AlarmTopic';

const PROTECTED = [
  'AWS::SQS::Queue',
  'AWS::SNS::Topic',
  'AWS::S3::Bucket',
  // Tables are missing: DynamoDB has no unencrypted endpoint to refuse.
];

/** Queues, topics and buckets refuse what comes without TLS. */
export function checkTransport(template: Template): string[] {
  const refusing = resourceStatements(template)
    .filter(
      ({ effect, principal, condition }) =>
        effect === 'Deny' &&
        principal === '*' &&
        String(at(condition, 'Bool', 'aws:SecureTransport')) === 'false',
    )
    .flatMap(({ resources }) => resources.map(targetOf));
  return PROTECTED.flatMap((type) => resourcesOf(template, type))
    .filter(({ id }) => id !== 'ServerlessDeploymentBucket' && !refusing.includes(id))
    .map(({ id }) => `${id} takes what comes without TLS`);
}

/** No bucket can be opened to the public by mistake. */
export function checkPublicAccess(template: Template): string[] {
  const names = ['BlockPublicAcls', 'BlockPublicPolicy', 'IgnorePublicAcls', 'RestrictPublicBuckets'];
  return find(template, 'AWS::S3::Bucket', (it) =>
    names.every((name) => at(it, 'PublicAccessBlockConfiguration', name) === true),
  ).map((id) => `${id} may be made public`);
}

/** What cannot be had again stays when the stack goes, and the ledger can be turned back. */
export function checkKeeping(template: Template): string[] {
  const keepers = ['AWS::S3::Bucket', 'AWS::DynamoDB::Table'].flatMap((type) => resourcesOf(template, type));
  return [
    ...keepers
      .filter(
        ({ id, deletionPolicy }) =>
          id !== 'ServerlessDeploymentBucket' && deletionPolicy !== 'RetainExceptOnCreate',
      )
      .map(({ id }) => `${id} goes with the stack, or stays when its creation fails`),
    ...find(template, 'AWS::DynamoDB::Table', (it) => it.DeletionProtectionEnabled === true).map(
      (id) => `${id} can be deleted by one call`,
    ),
    ...find(template, 'AWS::S3::Bucket', (it) => at(it, 'VersioningConfiguration', 'Status') === 'Enabled')
      .filter((id) => id !== 'ServerlessDeploymentBucket')
      .map((id) => `${id} forgets what is overwritten`),
    ...find(
      template,
      'AWS::DynamoDB::Table',
      (it) => at(it, 'PointInTimeRecoverySpecification', 'PointInTimeRecoveryEnabled') === true,
    ).map((id) => `${id} has no recovery`),
    ...find(
      template,
      'AWS::DynamoDB::Table',
      (it) => at(it, 'TimeToLiveSpecification', 'Enabled') === true && it.BillingMode === 'PAY_PER_REQUEST',
    ).map((id) => `${id} grows for ever, or has a fixed price`),
  ];
}

/** Records leave the archive after `retentionDays`; nothing else does. */
export function checkArchiveLifecycle(template: Template, retentionDays: number): string[] {
  const rules = toList(
    at(template.Resources, 'ArchiveBucket', 'Properties', 'LifecycleConfiguration', 'Rules'),
  ).filter((rule) => at(rule, 'ExpirationInDays') !== undefined);
  const [rule] = rules;
  const isRight = at(rule, 'Prefix') === 'records/' && at(rule, 'ExpirationInDays') === retentionDays;
  return rules.length === 1 && isRight
    ? []
    : [`the archive does not expire records after ${retentionDays} days`];
}

/** Every log ends some day. */
export function checkLogRetention(template: Template): string[] {
  return find(template, 'AWS::Logs::LogGroup', (it) => Number(it.RetentionInDays) > 0).map(
    (id) => `${id} is kept for ever`,
  );
}

// The logical ids of a type's resources that do not meet the demand.
function find(
  template: Template,
  type: string,
  isMet: (properties: Readonly<Record<string, unknown>>) => boolean,
): string[] {
  return resourcesOf(template, type)
    .filter(({ properties }) => !isMet(properties))
    .map(({ id }) => id);
}

/** What must hold for a template with every option set. */
export const OPTION_RULES: readonly TemplateRule[] = [
  {
    title: 'what holds messages, records, notes or logs is encrypted with the key that was given',
    check: (it) => checkOwnKey(it, EXAMPLE_KEY_ARN),
    breaches: [
      set(['RecordsUndeliveredQueue', 'KmsMasterKeyId'], undefined),
      set(['SessionsQueue', 'SqsManagedSseEnabled'], true),
      set(['RecordsTopic', 'KmsMasterKeyId'], 'alias/aws/sns'),
      set(['ArchiveBucket', 'BucketEncryption', 'ServerSideEncryptionConfiguration', 0], {}),
      set(['LedgerTable', 'SSESpecification', 'KMSMasterKeyId'], undefined),
      set(['ProbeLogGroup', 'KmsKeyId'], undefined),
    ],
  },
  {
    title: 'whoever uses what is encrypted may use the key, and that key alone',
    check: (it) => checkKeyRights(it, EXAMPLE_KEY_ARN),
    breaches: [
      (it) => void delete it.Resources.WebhookKeyPolicy,
      set(['WebhookKeyPolicy', 'PolicyDocument', 'Statement', 0, 'Action'], ['kms:Decrypt']),
      set(['ConsumerKeyPolicy', 'RoleName'], { Ref: 'ProbeRole' }),
      set(['ProbeKeyPolicy', 'PolicyDocument', 'Statement', 0, 'Resource'], '*'),
    ],
  },
  {
    title: 'policies name actions and resources',
    check: checkWildcards,
    breaches: [set(['ConsumerKeyPolicy', 'PolicyDocument', 'Statement', 0, 'Action'], 'kms:*')],
  },
  {
    title: 'the webhook has the concurrency that was reserved for it',
    check: (it) => expectValue(it, ['WebhookLambdaFunction', 'ReservedConcurrentExecutions'], 20),
    breaches: [set(['WebhookLambdaFunction', 'ReservedConcurrentExecutions'], undefined)],
  },
  {
    title: 'the silence of the hooks is heard after the hours that were given',
    check: (it) => [
      ...expectValue(it, ['NoHooksAlarm', 'EvaluationPeriods'], 48),
      ...expectValue(it, ['NoHooksAlarm', 'DatapointsToAlarm'], 48),
      ...expectValue(it, ['NoHooksAlarm', 'Period'], 3600),
    ],
    breaches: [
      set(['NoHooksAlarm', 'EvaluationPeriods'], 24),
      set(['NoHooksAlarm', 'Period'], 60),
      (it) => void delete it.Resources.NoHooksAlarm,
    ],
  },
  {
    title: 'alarms are mailed to the address that was given',
    check: (it) => checkAlarmAddress(it, 'ops@example.com'),
    breaches: [
      set(['AlarmTopic', 'Subscription'], undefined),
      set(['AlarmTopic', 'Subscription', 0, 'Endpoint'], 'somebody@example.com'),
    ],
  },
  ...EVERY_ALARM_RULES,
  ...SCHEMA_RULES,
];

function expectValue(template: Template, [id = '', ...keys]: (string | number)[], value: unknown): string[] {
  const found = at(template.Resources, id, 'Properties', ...keys);
  return found === value ? [] : [`${[id, ...keys].join('.')} is ${JSON.stringify(found)}`];
}

/** Everything that holds something names the key; but for the alarm topic, which holds nothing. */
function checkOwnKey(template: Template, keyArn: string): string[] {
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
const WRITES = [
  'sqs:SendMessage',
  'sns:Publish',
  's3:PutObject',
  'dynamodb:UpdateItem',
  'dynamodb:BatchWriteItem',
];

// Counts what others do: it neither reads nor writes anything that is encrypted.
const UNTOUCHED = 'SummaryRole';

/** Each role may use the key as its other rights need it, and no other key. */
function checkKeyRights(template: Template, keyArn: string): string[] {
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
