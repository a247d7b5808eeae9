import { OPERATED_QUEUES, type OperatedQueueName } from '../core/operated-stage.ts';
import type { QueueDescription, QueueReader } from '../ports/queue-reader.ts';

export interface NamedQueue extends QueueDescription {
  readonly name: OperatedQueueName;
}

/** Reads how full every queue of a stage is. */
export function createReadQueues(toReader: (name: OperatedQueueName) => QueueReader) {
  const readers = OPERATED_QUEUES.map((name) => ({ name, reader: toReader(name) }));
  return async (): Promise<readonly NamedQueue[]> =>
    Promise.all(readers.map(async ({ name, reader }) => ({ name, ...(await reader.describe()) })));
}
