import { toInfraSettings } from '../../../lib/config/infra-settings.ts';
import { parseConsumerConfig, parseWebhookConfig } from '../../../lib/config/parse.ts';
import { grant, ROOT, runtimeEnvironment, set, type Template, type TemplateRule } from '../template.ts';
import { ALARM_RULES } from './alarms.ts';
import { checkMappings, checkVisibility, MAPPING_RULES } from './mapping.ts';
import {
  checkDeadLetterSenders,
  checkFunctionUrls,
  checkRoles,
  checkStrangers,
  checkUsedActions,
  checkWildcards,
  OPERATOR_RULES,
} from './permissions.ts';
import {
  checkArchiveLifecycle,
  checkEncryption,
  checkKeeping,
  checkLogRetention,
  checkPublicAccess,
  checkTransport,
} from './protection.ts';
import {
  checkDelay,
  checkFifo,
  checkReceiveLimit,
  checkRedriveAllowance,
  checkRetention,
  SCHEMA_RULES,
} from './queues.ts';
import { STAGE_RULES, SUMMARY_RULES } from './stage.ts';
import { VIEW_RULES } from './views.ts';

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
      grant('ProbeRole', {
        Effect: 'Allow',
        Action: ['lambda:ListEventSourceMappings', 'lambda:UpdateEventSourceMapping'],
        Resource: '*',
      }),
      grant('ProbeRole', {
        Effect: 'Allow',
        NotAction: 'iam:PassRole',
        Resource: 'arn:aws:sqs:us-east-1:0:x',
      }),
    ],
  },
  {
    title: 'nobody may send to a dead-letter queue',
    check: checkDeadLetterSenders,
    breaches: [
      ...['SessionsDeadLetterQueue', 'RecordsDeadLetterQueue'].map((queue) =>
        grant('ConsumerRole', allowSend({ 'Fn::GetAtt': [queue, 'Arn'] })),
      ),
      grant(
        'WebhookRole',
        allowSend({ 'Fn::Sub': 'arn:aws:sqs:us-east-1:0:crisp-enrich-test-sessions-dlq.fifo' }),
      ),
      grant('WebhookRole', allowSend({ 'Fn::Join': [':', ['arn:aws:sqs:us-east-1:0', 'x-records-dlq']] })),
      grant('WebhookRole', allowSend('arn:aws:sqs:us-east-1:0:crisp-enrich-*')),
      grant('WebhookRole', allowSend({ 'Fn::GetAtt': ['SessionsDeadLetterQueue', 'Arn'] }, 'SQS:sendm*')),
      (it) => {
        const PolicyDocument = {
          Statement: [allowSend({ 'Fn::GetAtt': ['RecordsDeadLetterQueue', 'Arn'] })],
        };
        it.Resources.Another = { Type: 'AWS::IAM::ManagedPolicy', Properties: { PolicyDocument } };
      },
      (it) => {
        const PolicyDocument = {
          Statement: [allowSend({ 'Fn::GetAtt': ['SessionsDeadLetterQueue', 'Arn'] })],
        };
        it.Resources.Another = { Type: 'AWS::SQS::QueuePolicy', Properties: { PolicyDocument } };
      },
    ],
  },
  {
    title: 'only the records topic may deliver into queues of ours, and only our alarms into their topic',
    check: checkStrangers,
    breaches: [
      set(['RecordsQueuePolicy', 'PolicyDocument', 'Statement', 1, 'Condition'], undefined),
      set(['AlarmTopicPolicy', 'PolicyDocument', 'Statement', 1, 'Condition'], undefined),
      set(['AlarmTopicPolicy', 'PolicyDocument', 'Statement', 1, 'Principal'], {
        Service: 's3.amazonaws.com',
      }),
    ],
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
  ...MAPPING_RULES,
  ...ALARM_RULES,
  ...OPERATOR_RULES,
  ...VIEW_RULES,
  ...STAGE_RULES,
  ...SUMMARY_RULES,
  ...SCHEMA_RULES,
];

function allowSend(Resource: unknown, Action = 'sqs:SendMessage') {
  return { Effect: 'Allow', Action, Resource };
}
