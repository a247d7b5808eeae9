import { REFUSED_RECEIVES_OF_AN_OUTAGE } from '../../../lib/core/breaker/streak.ts';
import type { CoalesceWindow } from '../../../lib/core/job/coalesce.ts';
import {
  at,
  type NamedResource,
  resourcesOf,
  type Template,
  targetOf,
  toList,
} from '../template/template.ts';

const FOURTEEN_DAYS_SECONDS = 1_209_600;

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
    .filter(({ properties }) => properties.MessageRetentionPeriod !== FOURTEEN_DAYS_SECONDS)
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
