import { createAwsSessionEraser } from '../adapters/aws-session-eraser.ts';
import { createLambdaConsumerSwitch } from '../adapters/lambda-consumer-switch.ts';
import { createDynamoBreakerNotes } from '../adapters/ledger/dynamo-breaker-notes.ts';
import { createDynamoFailureNotes } from '../adapters/ledger/dynamo-failure-notes.ts';
import { createDynamoLookNotes, createDynamoRedriveNotes } from '../adapters/ledger/dynamo-redrive-notes.ts';
import { createDynamoRunHistory } from '../adapters/ledger/dynamo-run-history.ts';
import { createLocalModeSwitch } from '../adapters/local-mode-health.ts';
import { createS3KnownWebsites } from '../adapters/s3-known-websites.ts';
import { createS3RecordArchive } from '../adapters/s3-record-archive.ts';
import { createSqsDeadLetterQueue } from '../adapters/sqs/sqs-dead-letter-queue.ts';
import { createSqsMoveTasks } from '../adapters/sqs/sqs-move-tasks.ts';
import { createSqsQueueReader } from '../adapters/sqs/sqs-queue-reader.ts';
import { createSqsSessionBatches } from '../adapters/sqs/sqs-session-batches.ts';
import { JobError } from '../core/errors/job-error.ts';
import type { WebsiteId } from '../core/ids.ts';
import type { CoalesceWindow } from '../core/job/coalesce.ts';
import { findOnlyWebsite } from '../core/job/decode-job.ts';
import type { OperatedStage } from '../core/operated-stage.ts';
import type { Clock } from '../ports/clock.ts';
import type { ConsumerSwitch } from '../ports/consumer-switch.ts';
import { createPauseConsumer } from '../use-cases/breaker/pause-consumer.ts';
import { createReadBreaker } from '../use-cases/breaker/read-breaker.ts';
import { createResumeConsumer } from '../use-cases/breaker/resume-consumer.ts';
import { createDropDeadLetters } from '../use-cases/dead-letters/drop-dead-letters.ts';
import { createExplainDeadLetters } from '../use-cases/dead-letters/explain-dead-letters.ts';
import { createListDeadLetters } from '../use-cases/dead-letters/list-dead-letters.ts';
import { createPeekDeadLetters } from '../use-cases/dead-letters/peek-dead-letters.ts';
import { createRedriveAll } from '../use-cases/dead-letters/redrive-all.ts';
import { createRedriveDeadLetters } from '../use-cases/dead-letters/redrive-dead-letters.ts';
import { createRedriveSelected } from '../use-cases/dead-letters/redrive-selected.ts';
import { createShowDeadLetter } from '../use-cases/dead-letters/show-dead-letter.ts';
import { createSurveyRedrive } from '../use-cases/dead-letters/survey-redrive.ts';
import { createEnqueueSessions } from '../use-cases/enqueue-sessions.ts';
import { createReadQueues } from '../use-cases/read-queues.ts';
import { createTraceSession } from '../use-cases/trace-session.ts';
import type { OperatorClients } from './operator-clients.ts';

export interface OperationsDependencies {
  readonly stage: OperatedStage;
  readonly clients: OperatorClients;
  readonly coalesce: CoalesceWindow;
  /** The websites that the consumer serves; empty: all. */
  readonly websiteIds: readonly WebsiteId[];
  readonly clock: Clock;
}

export type Operations = ReturnType<typeof createOperations>;

/** All that an operator can do with a stage: what the command line and the console are made of. */
export function createOperations({ stage, clients, coalesce, websiteIds, clock }: OperationsDependencies) {
  const { sqs, s3, dynamodb: client } = clients;
  const { queues, bucket, table } = stage;
  const ledger = { client, table };
  const queue = createSqsDeadLetterQueue(sqs, queues['sessions-dlq']);
  const queueReader = createSqsQueueReader(sqs, queues['sessions-dlq']);
  const moveTasks = createSqsMoveTasks(sqs, queues['sessions-dlq']);
  const failureNotes = createDynamoFailureNotes({ ...ledger, clock });
  const redriveNotes = createDynamoRedriveNotes(ledger);
  const lookNotes = createDynamoLookNotes(ledger);
  const runHistory = createDynamoRunHistory(ledger);

  const breaker = {
    notes: createDynamoBreakerNotes(ledger),
    consumerSwitch: createSwitch({ stage, clients, clock }),
    clock,
  };

  const batches = createSqsSessionBatches({ sqs, queueUrl: queues.sessions, clock });
  const enqueue = createEnqueueSessions({ batches, coalesce, clock });
  const explain = createExplainDeadLetters({
    failureNotes,
    runHistory,
    onlyWebsiteId: findOnlyWebsite(websiteIds),
  });
  const peek = createPeekDeadLetters({ queue, queueReader, explain, lookNotes, clock });
  const list = createListDeadLetters({ peek });

  return {
    stage,
    enqueue,
    runHistory,
    queueReader,
    knownWebsites: createS3KnownWebsites(s3, bucket),
    sessionEraser: createAwsSessionEraser({ s3, bucket, dynamodb: client, table }),
    readQueues: createReadQueues((name) => createSqsQueueReader(sqs, queues[name])),
    deadLetters: {
      list,
      show: createShowDeadLetter({ peek }),
      drop: createDropDeadLetters({ peek, queue, clock }),
      ...createRedriveDeadLetters({
        queues: { sourceUrl: queues['sessions-dlq'], destinationUrl: queues.sessions },
        moveTasks,
        survey: createSurveyRedrive({ list, redriveNotes, clock }),
        redriveAll: createRedriveAll({ moveTasks, queueReader, redriveNotes, list, clock }),
        redriveSelected: createRedriveSelected({ peek, queue, enqueue, redriveNotes, clock }),
      }),
      /** SQS's newest redrive; undefined where there never was one. */
      latestMoveTask: moveTasks.latest,
    },
    traceSession: createTraceSession({
      runHistory,
      archive: createS3RecordArchive({ client: s3, bucket }),
      list,
    }),
    readBreaker: createReadBreaker(breaker),
    pause: createPauseConsumer(breaker),
    resume: createResumeConsumer(breaker),
    /** Closes the connections. */
    close: clients.destroy,
  };
}

function createSwitch({
  stage,
  clients,
  clock,
}: Pick<OperationsDependencies, 'stage' | 'clients' | 'clock'>): ConsumerSwitch {
  if (stage.consumer) return createLambdaConsumerSwitch({ client: clients.lambda, ...stage.consumer, clock });
  return stage.localUrl
    ? createLocalModeSwitch(stage.localUrl)
    : { read: refuseToReach, turnOn: refuseToReach, turnOff: refuseToReach };
}

/** A stage without an event source mapping that can be reached. */
async function refuseToReach(): Promise<never> {
  throw new JobError('switch_failed', { detail: 'other_process' });
}
