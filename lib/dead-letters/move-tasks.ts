import {
  CancelMessageMoveTaskCommand,
  GetQueueAttributesCommand,
  ListMessageMoveTasksCommand,
  type ListMessageMoveTasksResultEntry,
  type SQSClient,
  StartMessageMoveTaskCommand,
} from '@aws-sdk/client-sqs';
import { toAwsFailure, toSqsFailure } from '../aws/failures.ts';
import { OperationError } from '../errors.ts';

/** SQS's own redrive of a whole dead-letter queue, of which one runs at a time. */
export interface MoveTask {
  readonly status: 'running' | 'completed' | 'cancelling' | 'cancelled' | 'failed';
  readonly moved: number;
  /** How many there were when it began, as far as SQS tells. */
  readonly toMove: number | undefined;
  /** By which it can be cancelled; only a running one has it. */
  readonly handle: string | undefined;
  readonly failureReason: string | undefined;
}

export interface MoveTasks {
  /** Throws `OperationError` `redrive_running` where one runs. */
  start(options: { readonly ratePerSecond: number }): Promise<void>;
  /** The newest task; undefined where there never was one. */
  latest(): Promise<MoveTask | undefined>;
  /** Messages that were moved stay so. A task that has ended meanwhile is no failure. */
  cancel(handle: string): Promise<void>;
}

/** The redrive of one dead-letter queue on SQS, always back to where its messages came from. Rejects with `OperationError`. */
export function createSqsMoveTasks(sqs: SQSClient, deadLetterQueueUrl: string): MoveTasks {
  let arn: Promise<string | undefined> | undefined;
  const failing = (action: string) => toSqsFailure(`sqs:${action}`, deadLetterQueueUrl);

  return {
    async start({ ratePerSecond }) {
      const command = new StartMessageMoveTaskCommand({
        SourceArn: await readArn(),
        MaxNumberOfMessagesPerSecond: ratePerSecond,
      });
      await sqs.send(command).catch(refuseSecond).catch(failing('StartMessageMoveTask'));
    },

    async latest() {
      const command = new ListMessageMoveTasksCommand({ SourceArn: await readArn(), MaxResults: 1 });
      const { Results = [] } = await sqs.send(command).catch(failing('ListMessageMoveTasks'));
      return Results[0] && toMoveTask(Results[0]);
    },

    async cancel(handle) {
      const command = new CancelMessageMoveTaskCommand({ TaskHandle: handle });
      await sqs.send(command).catch(forgiveEnded).catch(failing('CancelMessageMoveTask'));
    },
  };

  async function readArn(): Promise<string | undefined> {
    arn ??= askForArn();
    return arn;
  }

  async function askForArn(): Promise<string | undefined> {
    const command = new GetQueueAttributesCommand({
      QueueUrl: deadLetterQueueUrl,
      AttributeNames: ['QueueArn'],
    });
    const { Attributes } = await sqs.send(command).catch(failing('GetQueueAttributes'));
    return Attributes?.QueueArn;
  }
}

// SQS has no code of its own for a second task on a queue.
function refuseSecond(thrown: unknown): never {
  if (toAwsFailure(thrown).code.endsWith('unsupported_operation')) {
    const message = 'a redrive of this queue is running already: wait for its end, or cancel it';
    throw new OperationError('redrive_running', message, { cause: thrown });
  }
  throw thrown;
}

function forgiveEnded(thrown: unknown): void {
  if (!toAwsFailure(thrown).code.endsWith('resource_not_found')) throw thrown;
}

function toMoveTask(entry: ListMessageMoveTasksResultEntry): MoveTask {
  const { Status, TaskHandle, FailureReason } = entry;
  return {
    status: STATUSES[Status ?? ''] ?? 'failed',
    moved: entry.ApproximateNumberOfMessagesMoved ?? 0,
    toMove: entry.ApproximateNumberOfMessagesToMove,
    handle: TaskHandle,
    failureReason: FailureReason,
  };
}

const STATUSES: Readonly<Record<string, MoveTask['status']>> = {
  RUNNING: 'running',
  COMPLETED: 'completed',
  CANCELLING: 'cancelling',
  CANCELLED: 'cancelled',
  FAILED: 'failed',
};
