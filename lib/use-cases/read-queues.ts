import { OperationError } from '../core/errors/operation-error.ts';
import { OPERATED_QUEUES, type OperatedQueueName } from '../core/operated-stage.ts';
import type { QueueDescription, QueueReader } from '../ports/queue-reader.ts';

export interface NamedQueue {
  readonly name: OperatedQueueName;
  /** Undefined where it could not be read. */
  readonly description: QueueDescription | undefined;
  /** Why not, for a person. */
  readonly problem: string | undefined;
}

/** Reads how full every queue of a stage is. One that cannot be read is named; rejects where none can. */
export function createReadQueues(toReader: (name: OperatedQueueName) => QueueReader) {
  const readers = OPERATED_QUEUES.map((name) => ({ name, reader: toReader(name) }));
  return async (): Promise<readonly NamedQueue[]> => {
    const read = await Promise.allSettled(readers.map(({ reader }) => reader.describe()));
    const [first] = read;
    if (first?.status === 'rejected' && read.every(({ status }) => status === 'rejected')) throw first.reason;
    return readers.map(({ name }, index) => {
      const result = read[index];
      return result?.status === 'fulfilled'
        ? { name, description: result.value, problem: undefined }
        : { name, description: undefined, problem: toSentence(result?.reason) };
    });
  };
}

function toSentence(reason: unknown): string {
  return reason instanceof OperationError ? reason.message : 'unexpected';
}
