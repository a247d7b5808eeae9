import { OperationError } from '../errors/operation-error.ts';
import { toQueueAddress } from '../queue/queue-address.ts';

/** The two ends of a redrive, by their URLs. */
export interface RedriveQueues {
  readonly sourceUrl: string;
  readonly destinationUrl: string;
}

/** Why messages cannot be moved from one queue to the other; undefined where they can. */
export function findRedriveProblem({ sourceUrl, destinationUrl }: RedriveQueues): OperationError | undefined {
  const [source, destination] = [toQueueAddress(sourceUrl), toQueueAddress(destinationUrl)];
  if (sourceUrl === destinationUrl) {
    return new OperationError(
      'queues_equal',
      `source and destination are the same queue, ${source.name}: the stack's outputs name it twice`,
    );
  }
  if (source.isFifo !== destination.isFifo) {
    return new OperationError(
      'queue_types_differ',
      `queue types differ: ${source.name} and ${destination.name} must both be FIFO queues, or neither`,
    );
  }
  return undefined;
}
