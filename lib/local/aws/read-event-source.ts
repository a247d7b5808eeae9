import { isJsonObject } from '../../core/is-json-object.ts';
import { InfraError } from './infra-error.ts';
import type { InfraTemplate } from './infra-template.ts';

/** A function's SQS trigger as the infra files describe it. */
export interface EventSource {
  readonly queueArn: string;
  readonly batchSize: number;
  /** Undefined where the files set no limit. */
  readonly maximumConcurrency: number | undefined;
  /** Of the function: after it, Lambda ends the invocation. */
  readonly timeoutSeconds: number;
  readonly enabled: boolean;
}

// The framework's default for `timeout`, and Lambda's for `batchSize`.
const DEFAULT_TIMEOUT_SECONDS = 6;
const DEFAULT_BATCH_SIZE = 10;

/** Reads the one SQS trigger of a function. Throws `InfraError` where it has none, or a number is none. */
export function readEventSource(template: InfraTemplate, functionName: string): EventSource {
  const lambda = template.functionNamed(functionName);
  const sqs = findSqsEvent(lambda.field('events'));
  if (sqs === undefined) {
    throw new InfraError('infra_incomplete', `functions.yml: ${functionName} has no sqs event`);
  }
  return {
    queueArn: String(sqs.arn),
    batchSize: toNumber(sqs.batchSize ?? DEFAULT_BATCH_SIZE, 'batchSize'),
    maximumConcurrency:
      sqs.maximumConcurrency === undefined
        ? undefined
        : toNumber(sqs.maximumConcurrency, 'maximumConcurrency'),
    timeoutSeconds: toNumber(lambda.field('timeout') ?? DEFAULT_TIMEOUT_SECONDS, 'timeout'),
    enabled: sqs.enabled !== false,
  };
}

function findSqsEvent(events: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!Array.isArray(events)) return undefined;
  for (const event of events) {
    if (isJsonObject(event) && isJsonObject(event.sqs)) return event.sqs;
  }
  return undefined;
}

function toNumber(value: unknown, name: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InfraError('infra_unsupported', `functions.yml: ${name} must be a whole number above zero`);
}
