import { OPERATED_QUEUES, type OperatedQueueName } from '../operated-stage.ts';

/** What SQS calls a queue of a stage. */
export function toQueueName(stage: string, name: OperatedQueueName): string {
  return `crisp-enrich-${stage}-${name}${name.startsWith('sessions') ? '.fifo' : ''}`;
}

/** The names of all queues of a stage, in the order of `OPERATED_QUEUES`. */
export function toQueueNames(stage: string): string[] {
  return OPERATED_QUEUES.map((name) => toQueueName(stage, name));
}

/** How long every queue keeps a message: 14 days, as in the template; a test keeps the two equal. */
export const RETENTION_SECONDS = 1_209_600;
