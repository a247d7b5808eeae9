import { resourceStatements } from '../template/policy-statements.ts';
import { at, resourcesOf, type Template, targetOf, toList } from '../template/template.ts';

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
