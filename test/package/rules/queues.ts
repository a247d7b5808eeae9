import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import type { Property, PropertyType } from '@aws-cdk/service-spec-types';
import { QUEUE_NUMBERS } from '../../../lib/aws/queues.ts';
import { REFUSED_RECEIVES_OF_AN_OUTAGE } from '../../../lib/breaker/evidence.ts';
import type { CoalesceWindow } from '../../../lib/config/config.ts';
import { isJsonObject } from '../../../lib/text.ts';
import {
  at,
  type NamedResource,
  resourcesOf,
  set,
  type Template,
  type TemplateRule,
  targetOf,
  toList,
} from '../template.ts';

const queuesOf = (template: Template) => resourcesOf(template, 'AWS::SQS::Queue');

/** A queue whose messages SQS moves elsewhere in the end, and where to. */
interface Redrive {
  readonly source: NamedResource;
  readonly deadLetter: NamedResource | undefined;
}

function redrivesOf(template: Template): Redrive[] {
  const queues = queuesOf(template);
  return queues
    .filter(({ properties }) => properties.RedrivePolicy !== undefined)
    .map((source) => {
      const target = targetOf(at(source.properties, 'RedrivePolicy', 'deadLetterTargetArn'));
      return { source, deadLetter: queues.find(({ id }) => id === target) };
    });
}

/** The queues that only SQS may fill. */
export function deadLetterQueueIds(template: Template): string[] {
  return redrivesOf(template).flatMap(({ deadLetter }) => deadLetter?.id ?? []);
}

/** Every queue keeps its messages for 14 days, the most there is. */
export function checkRetention(template: Template): string[] {
  return queuesOf(template)
    .filter(({ properties }) => properties.MessageRetentionPeriod !== QUEUE_NUMBERS.retentionSeconds)
    .map(({ id }) => `${id} does not keep messages for 14 days`);
}

/** A FIFO queue has a FIFO queue for its dead letters, and both have high throughput. */
export function checkFifo(template: Template): string[] {
  const fifos = queuesOf(template).filter(({ properties }) => isFifo(properties));
  return [
    ...redrivesOf(template)
      .filter(({ source, deadLetter }) => isFifo(source.properties) !== isFifo(deadLetter?.properties ?? {}))
      .map(({ source }) => `${source.id} has a dead-letter queue of the other kind`),
    ...fifos
      .filter(
        ({ properties }) =>
          properties.DeduplicationScope !== 'messageGroup' ||
          properties.FifoThroughputLimit !== 'perMessageGroupId',
      )
      .map(({ id }) => `${id} has no high throughput`),
    ...(fifos.length === 2 ? [] : ['sessions and its dead-letter queue are not the FIFO queues']),
  ];
}

/** A dead-letter queue admits the queue that uses it, and no other. */
export function checkRedriveAllowance(template: Template): string[] {
  return redrivesOf(template)
    .filter(({ source, deadLetter }) => {
      const allowance = deadLetter?.properties.RedriveAllowPolicy;
      const [arn, ...others] = toList(at(allowance, 'sourceQueueArns')).map((it) =>
        String(at(it, 'Fn::Sub')),
      );
      const isNamed = arn?.endsWith(`:${source.properties.QueueName}`) === true;
      return at(allowance, 'redrivePermission') !== 'byQueue' || !isNamed || others.length > 0;
    })
    .map(({ source }) => `the dead-letter queue of ${source.id} admits other queues`);
}

/** A message is received often enough to be tried `maxAttempts` times, and to be deferred between. */
export function checkReceiveLimit(template: Template, maxAttempts: number): string[] {
  const limits = redrivesOf(template).map(({ source }) => ({
    id: source.id,
    limit: Number(at(source.properties, 'RedrivePolicy', 'maxReceiveCount')),
    // Five is what AWS advises for a queue that feeds a function; the ingest queue needs room for deferrals as well.
    least: source.id === 'SessionsQueue' ? Math.max(2 * REFUSED_RECEIVES_OF_AN_OUTAGE, maxAttempts + 1) : 5,
  }));
  return limits
    .filter(({ limit, least }) => !(limit >= least))
    .map(({ id, limit }) => `${id} gives up after ${limit} receives`);
}

/** Messages stay hidden until the bucket of their event is over, and the margin with it. */
export function checkDelay(template: Template, { coalesceSeconds, marginSeconds }: CoalesceWindow): string[] {
  const delay = at(template.Resources, 'SessionsQueue', 'Properties', 'DelaySeconds');
  return [
    ...(delay === coalesceSeconds + marginSeconds ? [] : [`SessionsQueue delays by ${delay} s`]),
    ...(marginSeconds >= 10 ? [] : [`a margin of ${marginSeconds} s is too small for the clocks of AWS`]),
  ];
}

function isFifo(properties: Readonly<Record<string, unknown>>): boolean {
  return properties.FifoQueue === true && String(properties.QueueName).endsWith('.fifo');
}

// AWS's own schemas of its resources, as a package of the CDK has them.
const schemas = loadAwsServiceSpecSync();

/** What CloudFormation itself would refuse, as far as its published schemas tell. */
export const SCHEMA_RULES: readonly TemplateRule[] = [
  {
    title: 'every resource is as CloudFormation’s schema of its type has it',
    check: checkResourceSchemas,
    breaches: [
      set(['SessionsQueue', 'VisibilityTimeoutSeconds'], 3600),
      set(['SessionsQueue', 'VisibilityTimeout'], '3600'),
      set(['SessionsQueue', 'DelaySeconds'], 1.5),
      set(['LedgerTable', 'KeySchema'], undefined),
      set(['LedgerTable', 'PointInTimeRecoverySpecification'], { Enabled: true }),
      set(['BreakerOpenAlarm', 'Dimensions'], { Name: 'service', Value: 'probe' }),
      set(['HooksUnverifiedAlarm', 'Metrics', 0, 'MetricStat', 'Statistic'], 'Sum'),
      set(['ConsumerLambdaFunction', 'Environment', 'Variables', 'MAX_PAGES'], 5),
      (it: Template) => void Object.assign(it.Resources.AlarmTopic ?? {}, { Type: 'AWS::SNS::Thread' }),
    ],
  },
];

type Properties = Readonly<Record<string, Property>>;

/** Every resource is of a type that CloudFormation knows, with properties that the type has, of their types. */
function checkResourceSchemas(template: Template): string[] {
  return Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) => {
    const [resource] = schemas.lookup('resource', 'cloudFormationType', 'equals', Type);
    if (resource === undefined) return [`${id}: CloudFormation knows no ${Type}`];
    // Schemas call optional what AWS itself fills in, and so do the templates of others.
    return checkObject(Properties, resource.properties, id);
  });
}

function checkObject(
  value: Readonly<Record<string, unknown>>,
  properties: Properties,
  path: string,
): string[] {
  return [
    ...Object.entries(properties)
      .filter(([name, { required }]) => required === true && value[name] === undefined)
      .map(([name]) => `${path} lacks ${name}`),
    ...Object.entries(value).flatMap(([name, part]) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (property === undefined) return [`${path} has no ${name}`];
      return checkValue(part, property.type, `${path}.${name}`);
    }),
  ];
}

function checkValue(value: unknown, type: PropertyType, path: string): string[] {
  if (value === undefined || isIntrinsic(value)) return [];
  switch (type.type) {
    case 'string':
      return checkText(value, type.allowedValues, path);
    case 'date-time':
      return checkText(value, undefined, path);
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path} is no truth value`];
    case 'number':
      return typeof value === 'number' ? [] : [`${path} is no number`];
    case 'integer':
      return Number.isInteger(value) ? [] : [`${path} is no whole number`];
    case 'array':
      if (!Array.isArray(value)) return [`${path} is no list`];
      return value.flatMap((item, index) => checkValue(item, type.element, `${path}.${index}`));
    case 'map':
      if (!isJsonObject(value)) return [`${path} is no map`];
      return Object.entries(value).flatMap(([key, item]) => checkValue(item, type.element, `${path}.${key}`));
    case 'ref':
      if (!isJsonObject(value)) return [`${path} is no object`];
      return checkObject(value, schemas.get('typeDefinition', type.reference.$ref).properties, path);
    case 'union': {
      const attempts = type.types.map((one) => checkValue(value, one, path));
      return attempts.some((problems) => problems.length === 0) ? [] : (attempts[0] ?? []);
    }
    // Any JSON, tags, nothing.
    default:
      return [];
  }
}

function checkText(value: unknown, allowed: readonly string[] | undefined, path: string): string[] {
  if (typeof value !== 'string') return [`${path} is no text`];
  return allowed === undefined || allowed.includes(value) ? [] : [`${path} cannot be ${value}`];
}

/** What CloudFormation puts a value in the place of. */
function isIntrinsic(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const [name = '', ...others] = Object.keys(value);
  return others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
}
