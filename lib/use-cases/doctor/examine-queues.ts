import type { Finding } from '../../core/doctor/finding.ts';
import { type ExpectedQueue, judgeQueue } from '../../core/doctor/judge-queue.ts';
import { OperationError } from '../../core/errors/operation-error.ts';
import { OPERATED_QUEUES, type OperatedQueueName } from '../../core/operated-stage.ts';

export interface ExamineQueuesDependencies {
  readonly isLocal: boolean;
  /** Of the infra files; undefined where they do not have the queue. */
  readonly expected: (name: OperatedQueueName) => ExpectedQueue | undefined;
  /** SQS's own attributes of a queue. Rejects with `OperationError`. */
  readonly readAttributes: (name: OperatedQueueName) => Promise<Readonly<Record<string, string | undefined>>>;
}

/** Holds every queue against the template. */
export async function examineQueues({
  expected,
  readAttributes,
  isLocal,
}: ExamineQueuesDependencies): Promise<Finding[]> {
  return Promise.all(OPERATED_QUEUES.map(examine));

  async function examine(name: OperatedQueueName): Promise<Finding> {
    const check = `queue ${name}`;
    const wanted = expected(name);
    if (!wanted) return { check, state: 'skipped', message: 'infra/queues.yml has no such queue' };
    try {
      return judgeQueue(name, await readAttributes(name), wanted, { isLocal });
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
      return { check, state: 'fail', message: 'it could not be read', remedy: error.message };
    }
  }
}
