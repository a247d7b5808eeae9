import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { createSqsQueueReader } from '../aws/queues.ts';
import { createLambdaMapping, type EventSourceMapping } from '../breaker/mapping.ts';
import { pauseConsumer, readBreaker, resumeConsumer } from '../breaker/pause.ts';
import type { Clock } from '../clock.ts';
import type { CoalesceWindow } from '../config/config.ts';
import type { OperatorConfig } from '../config/local-config.ts';
import { createExplainDeadLetters } from '../dead-letters/explain.ts';
import { createRedriveAll, createSurveyRedrive } from '../dead-letters/move.ts';
import { createSqsMoveTasks } from '../dead-letters/move-tasks.ts';
import { createListDeadLetters, createPeekDeadLetters, createShowDeadLetter } from '../dead-letters/peek.ts';
import { createSqsDeadLetterQueue } from '../dead-letters/queue.ts';
import {
  createDropDeadLetters,
  createRedriveDeadLetters,
  createRedriveSelected,
} from '../dead-letters/redrive.ts';
import { JobError } from '../errors.ts';
import type { WebsiteId } from '../ids.ts';
import { createDynamoBreakerNotes } from '../ledger/breaker-notes.ts';
import { createDynamoFailureNotes } from '../ledger/failure-notes.ts';
import { createDynamoLookNotes, createDynamoRedriveNotes } from '../ledger/message-notes.ts';
import { createDynamoRunHistory } from '../ledger/runs.ts';
import { findOnlyWebsite } from '../queue/job.ts';
import { createEnqueueSessions, createSqsSessionBatches } from '../queue/sessions-queue.ts';
import { createS3KnownWebsites, createS3RecordArchive } from '../record/archive.ts';
import { createAwsSessionEraser } from './eraser.ts';
import { createOperatorClients, type OperatedStage, type OperatorClients } from './operated-stage.ts';
import { createReadQueues } from './queues.ts';
import { createTraceSession } from './sessions.ts';
import { createLocalModeMapping, readCloudFormationStage, readLocalModeHealth } from './stage.ts';

export interface ConnectOptions {
  /** Undefined: local mode. */
  readonly stage: string | undefined;
  readonly region: string | undefined;
  readonly config: OperatorConfig;
  readonly clock: Clock;
}

/** Finds a stage, by local mode's `healthz` or by its stack, and connects to it. Rejects with `OperationError`. */
export async function connectStage({ config, clock, ...target }: ConnectOptions): Promise<Operations> {
  const stage = await findStage(config, target);
  const clients = createOperatorClients(stage);
  const websiteIds = stage.websiteIds ?? config.websiteIds;
  return createOperations({ stage, clients, coalesce: config.coalesce, websiteIds, clock });
}

async function findStage(
  { localUrl, profile, region: usualRegion }: OperatorConfig,
  { stage, region = usualRegion }: Pick<ConnectOptions, 'stage' | 'region'>,
): Promise<OperatedStage> {
  if (stage === undefined) return readLocalModeHealth(localUrl);
  const cloudFormation = new CloudFormationClient({ region });
  try {
    return await readCloudFormationStage(cloudFormation, { stage, region, profile });
  } finally {
    cloudFormation.destroy();
  }
}

interface OperationsDependencies {
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
    mapping: createMapping({ stage, clients, clock }),
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
    readBreaker: () => readBreaker(breaker),
    pause: (reason: string) => pauseConsumer(breaker, reason),
    resume: () => resumeConsumer(breaker),
    /** Closes the connections. */
    close: clients.destroy,
  };
}

function createMapping({
  stage,
  clients,
  clock,
}: Pick<OperationsDependencies, 'stage' | 'clients' | 'clock'>): EventSourceMapping {
  if (stage.consumer) return createLambdaMapping({ client: clients.lambda, ...stage.consumer, clock });
  return stage.localUrl
    ? createLocalModeMapping(stage.localUrl)
    : { read: refuseToReach, turnOn: refuseToReach, turnOff: refuseToReach };
}

/** A stage without an event source mapping that can be reached. */
async function refuseToReach(): Promise<never> {
  throw new JobError('switch_failed', { detail: 'other_process' });
}
