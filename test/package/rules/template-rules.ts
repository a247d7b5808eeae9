import { parseConsumerConfig } from '../../../lib/core/config/parse-consumer-config.ts';
import { parseWebhookConfig } from '../../../lib/core/config/parse-webhook-config.ts';
import { toInfraSettings } from '../../../lib/core/config/to-infra-settings.ts';
import { type RepositoryPackage, ROOT } from '../template/package-repository.ts';
import { runtimeEnvironment } from '../template/runtime-environment.ts';
import { at, type Template } from '../template/template.ts';
import { checkMappings, checkVisibility } from './event-source.ts';
import {
  checkDeadLetterSenders,
  checkFunctionUrls,
  checkRoles,
  checkTopicDelivery,
  checkWildcards,
} from './permissions.ts';
import {
  checkArchiveLifecycle,
  checkEncryption,
  checkKeeping,
  checkLogRetention,
  checkPublicAccess,
  checkTransport,
} from './protection.ts';
import { checkDelay, checkFifo, checkReceiveLimit, checkRedriveAllowance, checkRetention } from './queues.ts';
import { checkUsedActions } from './used-actions.ts';

/** A change of the template that breaks a rule. */
export type Breach = (template: Template) => void;

export interface TemplateRule {
  readonly title: string;
  /** What is wrong with the template; empty where nothing is. */
  readonly check: (template: Template, packaged: RepositoryPackage) => string[];
  readonly breaches: readonly Breach[];
}

// What the deployer gets who sets nothing.
const DEPLOYED = toInfraSettings({}, { isLocal: false, archiveBucketSuffix: '' });

const webhookConfig = (it: Template) => parseWebhookConfig(runtimeEnvironment(it, 'WebhookLambdaFunction'));
const consumerConfig = (it: Template) =>
  parseConsumerConfig(runtimeEnvironment(it, 'ConsumerLambdaFunction'));

/** What must hold for every template that is deployed. */
export const TEMPLATE_RULES: readonly TemplateRule[] = [
  {
    title: 'a message stays hidden for six times as long as the consumer may work',
    check: checkVisibility,
    breaches: [
      set(['SessionsQueue', 'VisibilityTimeout'], 3599),
      set(['ConsumerLambdaFunction', 'Timeout'], 601),
    ],
  },
  {
    title: 'the delay is one bucket and its margin, and the margin covers the clocks',
    check: (it) => checkDelay(it, webhookConfig(it).coalesce),
    breaches: [set(['SessionsQueue', 'DelaySeconds'], 60)],
  },
  {
    title: 'the ingest queue and its dead-letter queue are FIFO queues with high throughput',
    check: checkFifo,
    breaches: [
      set(['SessionsDeadLetterQueue', 'FifoQueue'], undefined),
      set(['SessionsQueue', 'DeduplicationScope'], 'queue'),
      set(['SessionsDeadLetterQueue', 'FifoThroughputLimit'], 'perQueue'),
    ],
  },
  {
    title: 'queues keep messages for 14 days',
    check: checkRetention,
    breaches: [set(['RecordsDeadLetterQueue', 'MessageRetentionPeriod'], 345_600)],
  },
  {
    title: 'a dead-letter queue admits its own source alone',
    check: checkRedriveAllowance,
    breaches: [
      set(['SessionsDeadLetterQueue', 'RedriveAllowPolicy'], undefined),
      set(['RecordsDeadLetterQueue', 'RedriveAllowPolicy', 'redrivePermission'], 'allowAll'),
    ],
  },
  {
    title: 'a message is received often enough for all attempts',
    check: (it) => checkReceiveLimit(it, consumerConfig(it).maxAttempts),
    breaches: [
      set(['SessionsQueue', 'RedrivePolicy', 'maxReceiveCount'], 5),
      set(['RecordsQueue', 'RedrivePolicy', 'maxReceiveCount'], 1),
    ],
  },
  {
    title: 'the mapping reports failures one by one, is bounded, and filters nothing',
    check: checkMappings,
    breaches: [
      set(['ConsumerEventSourceMappingSQSSessionsQueue', 'FunctionResponseTypes'], undefined),
      set(['ConsumerEventSourceMappingSQSSessionsQueue', 'ScalingConfig'], undefined),
      set(['ConsumerEventSourceMappingSQSSessionsQueue', 'FilterCriteria'], { Filters: [] }),
      set(['ConsumerEventSourceMappingSQSSessionsQueue', 'BatchSize'], 100),
    ],
  },
  {
    title: 'what is kept is encrypted',
    check: checkEncryption,
    breaches: [
      set(['RecordsUndeliveredQueue', 'SqsManagedSseEnabled'], false),
      set(['RecordsTopic', 'KmsMasterKeyId'], undefined),
      set(['ArchiveBucket', 'BucketEncryption'], undefined),
      set(['LedgerTable', 'SSESpecification'], undefined),
    ],
  },
  {
    title: 'nothing is taken without TLS',
    check: checkTransport,
    breaches: [
      set(['RecordsDeadLetterQueuePolicy', 'PolicyDocument', 'Statement'], []),
      set(['RecordsTopicPolicy', 'PolicyDocument', 'Statement', 0, 'Effect'], 'Allow'),
      set(['ArchiveBucketPolicy', 'PolicyDocument', 'Statement', 0, 'Condition'], undefined),
    ],
  },
  {
    title: 'no bucket can be made public',
    check: checkPublicAccess,
    breaches: [set(['ArchiveBucket', 'PublicAccessBlockConfiguration', 'BlockPublicPolicy'], false)],
  },
  {
    title: 'archive and ledger outlive the stack, and the ledger expires by itself',
    check: checkKeeping,
    breaches: [
      (it) => void delete it.Resources.ArchiveBucket?.DeletionPolicy,
      set(['LedgerTable', 'PointInTimeRecoverySpecification'], undefined),
      set(['LedgerTable', 'TimeToLiveSpecification', 'Enabled'], false),
    ],
  },
  {
    title: 'records expire after the configured days, and nothing else in the archive does',
    check: (it) => checkArchiveLifecycle(it, DEPLOYED.archiveRetentionDays),
    breaches: [
      set(['ArchiveBucket', 'LifecycleConfiguration', 'Rules', 0, 'ExpirationInDays'], 30),
      set(['ArchiveBucket', 'LifecycleConfiguration', 'Rules', 0, 'Prefix'], ''),
    ],
  },
  {
    title: 'logs end',
    check: checkLogRetention,
    breaches: [set(['WebhookLogGroup', 'RetentionInDays'], undefined)],
  },
  {
    title: 'policies name actions and resources',
    check: checkWildcards,
    breaches: [
      grant('ConsumerRole', { Effect: 'Allow', Action: 'sqs:*', Resource: 'arn:aws:sqs:us-east-1:0:x' }),
      grant('ConsumerRole', { Effect: 'Allow', Action: 'sqs:SendMessage', Resource: '*' }),
    ],
  },
  {
    title: 'nobody may send to a dead-letter queue',
    check: checkDeadLetterSenders,
    breaches: ['SessionsDeadLetterQueue', 'RecordsDeadLetterQueue'].map((queue) =>
      grant('ConsumerRole', {
        Effect: 'Allow',
        Action: ['sqs:SendMessage'],
        Resource: { 'Fn::GetAtt': [queue, 'Arn'] },
      }),
    ),
  },
  {
    title: 'only the records topic may deliver into queues of ours',
    check: checkTopicDelivery,
    breaches: [set(['RecordsQueuePolicy', 'PolicyDocument', 'Statement', 1, 'Condition'], undefined)],
  },
  {
    title: 'each function has a role of its own',
    check: checkRoles,
    breaches: [set(['WebhookLambdaFunction', 'Role'], { 'Fn::GetAtt': ['ConsumerRole', 'Arn'] })],
  },
  {
    title: 'the function URL has both permissions that it needs',
    check: checkFunctionUrls,
    breaches: [
      (it) => void delete it.Resources.WebhookLambdaPermissionFn,
      (it) => void delete it.Resources.WebhookLambdaPermissionFnUrl,
    ],
  },
  {
    title: 'a role has the rights that the code uses, and no other',
    check: (it, { artifacts }) => artifacts.flatMap((artifact) => checkUsedActions(it, artifact, ROOT)),
    breaches: [
      grant('WebhookRole', { Effect: 'Allow', Action: 's3:PutObject', Resource: 'arn:aws:s3:::x' }),
      // Without the last action of its statement: to put a message off.
      set(
        ['ConsumerRole', 'Policies', 0, 'PolicyDocument', 'Statement', 1, 'Action', 3],
        'sqs:DeleteMessage',
      ),
    ],
  },
];

/** Sets a property of a resource; the path starts with its logical id. */
function set([id, ...keys]: readonly (string | number)[], value: unknown): Breach {
  return (it) => {
    const last = keys.at(-1) ?? '';
    const parent = at(it.Resources, id ?? '', 'Properties', ...keys.slice(0, -1));
    if (typeof parent !== 'object' || parent === null)
      throw new Error(`There is no ${[id, ...keys].join('.')}`);
    Object.assign(parent, { [last]: value });
  };
}

function grant(role: string, statement: object): Breach {
  return (it) => {
    const statements = at(it.Resources, role, 'Properties', 'Policies', 0, 'PolicyDocument', 'Statement');
    if (!Array.isArray(statements)) throw new Error(`${role} has no statements`);
    statements.push(statement);
  };
}
