import { QUEUE_NUMBERS } from '../../../lib/aws/queues.ts';
import { SUMMARIZED_EVENTS, toQueueNames } from '../../../lib/operate/summary.ts';
import {
  at,
  type RepositoryPackage,
  resourcesOf,
  set,
  type Template,
  type TemplateRule,
  targetOf,
  toList,
} from '../template.ts';
import { isPublished } from './views.ts';

const NAMES: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::Logs::QueryDefinition': 'Name',
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
};

// One name each in all regions of an account: the same stage may be in two of them.
const OF_ACCOUNT = ['AWS::CloudWatch::Dashboard', 'AWS::IAM::ManagedPolicy', 'AWS::S3::Bucket'];

const LONGEST_STAGE = { 'AWS::S3::Bucket': 13, others: 20 };

// The longest region, and the longest stage that `deploy` takes in it and anywhere.
const LONGEST_REGION = 'us-isof-south-1';

// What each service allows; those that are missing allow 255 or more.
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  'AWS::SQS::Queue': 80,
  'AWS::S3::Bucket': 63,
  'AWS::Lambda::Function': 64,
  'AWS::IAM::ManagedPolicy': 128,
};

const SECRET_KEEPERS = /^AWS::(SSM::Parameter|SecretsManager::|KMS::)/;
const SECRET_VARIABLES = ['CRISP_HOOK_SECRETS', 'CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY', 'API_KEYS'];

/** What must hold for stages to live beside each other, and for secrets to stay out of all of them. */
export const STAGE_RULES: readonly TemplateRule[] = [
  {
    title: 'whatever has a name carries its stage, and where names are an account’s, its region',
    check: checkNames,
    breaches: [
      set(['RecordsQueue', 'QueueName'], 'crisp-enrich-records'),
      set(['LedgerTable', 'TableName'], 'ledger'),
      set(['SessionQuery', 'Name'], 'what happened to a session'),
      set(['OperatorPolicy', 'ManagedPolicyName'], 'crisp-enrich-test-operator'),
      set(['Dashboard', 'DashboardName'], 'crisp-enrich-test'),
      set(['ArchiveBucket', 'BucketName'], 'crisp-enrich-test-archive-000000000000'),
    ],
  },
  {
    title: 'the longest stage in the longest region has names that AWS takes',
    check: checkNameLengths,
    breaches: [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation fills it in.
      set(['ArchiveBucket', 'BucketName'], 'crisp-enrich-test-archive-1-${AWS::AccountId}-${AWS::Region}'),
      set(['SessionsQueue', 'QueueName'], `crisp-enrich-test-${'sessions-'.repeat(6)}.fifo`),
    ],
  },
  {
    title: 'the template creates no secret and no key',
    check: checkNoSecrets,
    breaches: [
      (it) =>
        void Object.assign(it.Resources, {
          Token: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: 'x' } },
        }),
      set(['WebhookLambdaFunction', 'Environment', 'Variables', 'CRISP_HOOK_SECRETS'], 'x'),
    ],
  },
];

/** Names are the stage's own, so that two stages, or one stage in two regions, never meet. */
function checkNames(template: Template): string[] {
  return Object.entries(NAMES).flatMap(([type, key]) =>
    resourcesOf(template, type)
      .filter(({ id }) => id !== 'ServerlessDeploymentBucket')
      .filter(({ properties }) => {
        const name = String(at(properties[key], 'Fn::Sub') ?? properties[key]);
        const isOfStage = /^(\/aws\/lambda\/)?crisp-enrich-test[-/]/.test(name);
        return !isOfStage || (OF_ACCOUNT.includes(type) && !name.includes('AWS::Region'));
      })
      .map(({ id }) => `${id} has a name that another stage has too`),
  );
}

/** The longest stage in the longest region has names that AWS takes. */
function checkNameLengths(template: Template): string[] {
  return Object.entries(NAMES).flatMap(([type, key]) =>
    resourcesOf(template, type).flatMap(({ id, properties }) => {
      const stage = 's'.repeat(type === 'AWS::S3::Bucket' ? LONGEST_STAGE[type] : LONGEST_STAGE.others);
      const name = String(at(properties[key], 'Fn::Sub') ?? properties[key])
        .replace('crisp-enrich-test', `crisp-enrich-${stage}`)
        .replace(/\$\{AWS::AccountId\}/, '0'.repeat(12))
        .replace(/\$\{AWS::Region\}/, LONGEST_REGION);
      const limit = MAX_LENGTHS[type] ?? 255;
      return name.length > limit ? [`${id} has ${name.length} of ${limit} characters`] : [];
    }),
  );
}

/** Secrets are entered by people, after the deployment or before it; keys are the team's. */
function checkNoSecrets(template: Template): string[] {
  return [
    ...Object.entries(template.Resources)
      .filter(([, { Type }]) => SECRET_KEEPERS.test(Type))
      .map(([id]) => `${id} is a secret, or a key`),
    ...resourcesOf(template, 'AWS::Lambda::Function').flatMap(({ id, properties }) =>
      SECRET_VARIABLES.filter((name) => at(properties, 'Environment', 'Variables', name) !== undefined).map(
        (name) => `${id} holds ${name}`,
      ),
    ),
  ];
}

const variablesOf = (template: Template) =>
  at(template.Resources, 'SummaryLambdaFunction', 'Properties', 'Environment', 'Variables');

/** What must hold for the daily summary. */
export const SUMMARY_RULES: readonly TemplateRule[] = [
  {
    title: 'the summary comes once a day, of this stage, to whoever hears of its alarms',
    check: checkSummary,
    breaches: [
      set(['SummaryEventsRuleSchedule1', 'ScheduleExpression'], 'rate(1 hour)'),
      set(['SummaryEventsRuleSchedule1', 'State'], 'DISABLED'),
      set(['SummaryLambdaFunction', 'Environment', 'Variables', 'ALARM_TOPIC_ARN', 'Ref'], 'RecordsTopic'),
      set(['SummaryLambdaFunction', 'Environment', 'Variables', 'STAGE'], 'other'),
      set(['RecordsQueue', 'QueueName'], 'crisp-enrich-test-outbox'),
      set(['SessionsDeadLetterQueue', 'MessageRetentionPeriod'], 345_600),
    ],
  },
  {
    title: 'the summary counts what the functions publish, in its own namespace',
    check: checkSummaryMetrics,
    breaches: [
      set(['SummaryLambdaFunction', 'Environment', 'Variables', 'METRICS_NAMESPACE'], 'crisp-enrich'),
      set(['WebhookLambdaFunction', 'Environment', 'Variables', 'METRICS_NAMESPACE'], 'crisp-enrich'),
    ],
  },
];

/** One schedule a day; the queues of the template, and how long they keep messages; the alarm topic. */
function checkSummary(template: Template): string[] {
  const variables = variablesOf(template);
  const schedules = resourcesOf(template, 'AWS::Events::Rule').filter(({ properties }) =>
    toList(properties.Targets).some((target) => targetOf(at(target, 'Arn')) === 'SummaryLambdaFunction'),
  );
  const isDaily = /^cron\(\d+ \d+ \* \* \? \*\)$/.test(String(schedules[0]?.properties.ScheduleExpression));
  const queues = resourcesOf(template, 'AWS::SQS::Queue').map(({ properties }) => properties);
  const expected = toQueueNames(String(at(variables, 'STAGE')))
    .sort()
    .join();
  return [
    ...(schedules.length === 1 && isDaily && schedules[0]?.properties.State === 'ENABLED'
      ? []
      : ['the summary does not come once a day']),
    ...(expected ===
    queues
      .map(({ QueueName }) => String(QueueName))
      .sort()
      .join()
      ? []
      : ['the summary tells of other queues']),
    ...(queues.every(
      ({ MessageRetentionPeriod }) => MessageRetentionPeriod === QUEUE_NUMBERS.retentionSeconds,
    )
      ? []
      : ['messages expire at other times than the summary says']),
    ...(targetOf(at(variables, 'ALARM_TOPIC_ARN')) === 'AlarmTopic' ? [] : ['the summary goes elsewhere']),
  ];
}

/** Each event that is counted is published so, under the namespace that the summary reads. */
function checkSummaryMetrics(template: Template, packaged: RepositoryPackage): string[] {
  const namespace = String(at(variablesOf(template), 'METRICS_NAMESPACE'));
  return SUMMARIZED_EVENTS.filter(({ service, name, code }) => {
    const dimensions = { service, ...(code !== undefined && { code }) };
    return !isPublished({ namespace, name, dimensions }, template, packaged);
  }).map(({ name }) => `the summary counts ${name}, which nobody publishes so`);
}
