import { createSqsQueueReader, readQueues } from '../aws/queues.ts';
import type { EventSourceMapping } from '../breaker/mapping.ts';
import { pauseConsumer, readBreaker, resumeConsumer } from '../breaker/pause.ts';
import type { Clock } from '../clock.ts';
import type { CoalesceWindow } from '../config/config.ts';
import type { OperatorConfig } from '../config/local-config.ts';
import type { DeadLetterContext } from '../dead-letters/context.ts';
import {
  type DropDeadLettersOptions,
  dropDeadLetters,
  type ListDeadLettersOptions,
  listDeadLetters,
  type ShowDeadLetterOptions,
  showDeadLetter,
} from '../dead-letters/list.ts';
import { createSqsMoveTasks } from '../dead-letters/move-tasks.ts';
import { createSqsDeadLetterQueue } from '../dead-letters/queue.ts';
import {
  cancelRedrive,
  previewRedrive,
  type RedriveOptions,
  redriveDeadLetters,
} from '../dead-letters/redrive.ts';
import { JobError } from '../errors.ts';
import type { SessionRef, WebsiteId } from '../ids.ts';
import { createDynamoBreakerNotes } from '../ledger/breaker-notes.ts';
import { createDynamoFailureNotes } from '../ledger/failure-notes.ts';
import { createDynamoLookNotes, createDynamoRedriveNotes, type LookNotes } from '../ledger/message-notes.ts';
import { createDynamoQuotaNotes, findNewestKey } from '../ledger/quota-notes.ts';
import { createDynamoRunHistory } from '../ledger/runs.ts';
import { createDynamoSessionNotes } from '../ledger/session-notes.ts';
import { findOnlyWebsite } from '../queue/job.ts';
import { createEnqueueSessions, createSqsSessionBatches } from '../queue/sessions-queue.ts';
import type { RecordArchive } from '../record/archive.ts';
import { createLocalModeMapping, readLocalModeHealth } from './local-stage.ts';
import type { RecordRedriveOptions } from './redrive-records.ts';
import type { StoryOptions, TraceSessionOptions, TraceSources } from './sessions.ts';
import { createOperatorClients, type OperatedStage, type OperatorClients } from './stage.ts';

export interface ConnectOptions {
  /** Undefined: local mode. */
  readonly stage: string | undefined;
  readonly region: string | undefined;
  readonly config: Pick<OperatorConfig, 'localUrl' | 'profile' | 'region' | 'coalesce' | 'websiteIds'>;
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
  { localUrl, profile, region: usualRegion }: ConnectOptions['config'],
  { stage, region = usualRegion }: Pick<ConnectOptions, 'stage' | 'region'>,
): Promise<OperatedStage> {
  if (stage === undefined) return readLocalModeHealth(localUrl);
  const [{ CloudFormationClient }, { readCloudFormationStage }] = await Promise.all([
    import('@aws-sdk/client-cloudformation'),
    import('./deployed-stage.ts'),
  ]);
  const cloudFormation = new CloudFormationClient({ region });
  try {
    return await readCloudFormationStage(cloudFormation, { stage, region, profile });
  } finally {
    cloudFormation.destroy();
  }
}

/** Where records wait that did not arrive: SNS could not deliver them, or their consumer gave up on them. */
export type LostRecordsQueue = 'records-undelivered' | 'records-dlq';

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
  const { sqs, dynamodb } = clients;
  const { queues, bucket, table } = stage;
  const ledger = { client: dynamodb, table };
  const batches = createSqsSessionBatches({ sqs, queueUrl: queues.sessions, clock });
  const sourceUrl = queues['sessions-dlq'];
  const letters: DeadLetterContext = {
    queue: createSqsDeadLetterQueue(sqs, sourceUrl),
    queueReader: createSqsQueueReader(sqs, sourceUrl),
    queues: { sourceUrl, destinationUrl: queues.sessions },
    moveTasks: createSqsMoveTasks(sqs, sourceUrl),
    enqueue: createEnqueueSessions({ batches, coalesce, clock }),
    failureNotes: createDynamoFailureNotes({ ...ledger, clock }),
    runHistory: createDynamoRunHistory(ledger),
    redriveNotes: createDynamoRedriveNotes(ledger),
    lookNotes: createDynamoLookNotes(ledger),
    quota: createDynamoQuotaNotes({ ...ledger, findKey: () => findNewestKey(ledger) }),
    onlyWebsiteId: findOnlyWebsite(websiteIds),
    clock,
  };
  const breaker = {
    notes: createDynamoBreakerNotes(ledger),
    mapping: createMapping({ stage, clients, clock }),
    clock,
  };

  async function openArchive(): Promise<Pick<RecordArchive, 'getLatest' | 'getRecord'>> {
    const [{ createS3RecordArchive }, s3] = await Promise.all([import('../record/archive.ts'), clients.s3()]);
    return createS3RecordArchive({ client: s3, bucket });
  }

  /** What a session's story is made of. */
  async function openSources(): Promise<TraceSources> {
    const [{ listRecordVersions }, archive, s3] = await Promise.all([
      import('./sessions.ts'),
      openArchive(),
      clients.s3(),
    ]);
    return {
      archive,
      listVersions: (session, sinceMs) => listRecordVersions({ s3, bucket }, session, sinceMs),
      sessionNotes: createDynamoSessionNotes(ledger),
    };
  }

  return {
    stage,
    enqueue: letters.enqueue,
    runHistory: letters.runHistory,
    readQueues: () => readQueues((name) => createSqsQueueReader(sqs, queues[name])),
    deadLetters: bindDeadLetters(letters),
    /** The websites of which something was archived. */
    async listKnownWebsites() {
      const { listKnownWebsites } = await import('./sessions.ts');
      return listKnownWebsites(await clients.s3(), bucket);
    },
    archive: openArchive,
    async traceSession(session: SessionRef, options: TraceSessionOptions) {
      const [{ traceSession }, sources] = await Promise.all([import('./sessions.ts'), openSources()]);
      return traceSession(letters, sources, session, options);
    },
    async readStory(session: SessionRef, options: StoryOptions) {
      const [{ readStory }, sources] = await Promise.all([import('./sessions.ts'), openSources()]);
      return readStory(letters, sources, session, options);
    },
    /** The sessions that wait for their fetch, with why they were put off: a look, as one at the dead letters. */
    listWaiting: (options: ListDeadLettersOptions) =>
      listDeadLetters(
        {
          ...letters,
          queue: createSqsDeadLetterQueue(sqs, queues.sessions),
          queueReader: createSqsQueueReader(sqs, queues.sessions),
          lookNotes: NO_LOOKS,
        },
        options,
      ),
    async redriveRecords(source: LostRecordsQueue, options: RecordRedriveOptions) {
      const { redriveRecords } = await import('./redrive-records.ts');
      const urls = { sourceUrl: queues[source], destinationUrl: queues.records };
      return redriveRecords({ sqs, ...urls, clock }, options);
    },
    async eraseSession(session: SessionRef) {
      const { eraseSession } = await import('./erase.ts');
      return eraseSession({ s3: await clients.s3(), bucket, dynamodb, table }, session);
    },
    readBreaker: () => readBreaker(breaker),
    readQuota: () => letters.quota.read(clock.nowMs()),
    pause: (reason: string) => pauseConsumer(breaker, reason),
    resume: () => resumeConsumer(breaker),
    /** Closes the connections. */
    close: clients.destroy,
  };
}

// The notes are about looks at the dead letters.
const NO_LOOKS: LookNotes = { begin: async () => '', end: async () => undefined, open: async () => [] };

/** What can be done with the dead-letter queue of sessions. */
export function bindDeadLetters(context: DeadLetterContext) {
  return {
    list: (options: ListDeadLettersOptions) => listDeadLetters(context, options),
    show: (messageId: string, options: ShowDeadLetterOptions) => showDeadLetter(context, messageId, options),
    drop: (options: DropDeadLettersOptions) => dropDeadLetters(context, options),
    preview: (options: RedriveOptions) => previewRedrive(context, options),
    redrive: (options: RedriveOptions) => redriveDeadLetters(context, options),
    cancel: () => cancelRedrive(context),
    /** SQS's newest redrive; undefined where there never was one. */
    latestMoveTask: () => context.moveTasks.latest(),
  };
}

function createMapping({
  stage,
  clients,
  clock,
}: Pick<OperationsDependencies, 'stage' | 'clients' | 'clock'>): EventSourceMapping {
  const { consumer, localUrl } = stage;
  if (localUrl) return createLocalModeMapping(localUrl);
  if (!consumer) return { read: refuseToReach, turnOn: refuseToReach, turnOff: refuseToReach };
  const load = async () => {
    const { createLambdaMapping } = await import('../breaker/mapping.ts');
    return createLambdaMapping({ client: await clients.lambda(), ...consumer, clock });
  };
  let mapping: Promise<EventSourceMapping> | undefined;
  const use = () => {
    mapping ??= load();
    return mapping;
  };
  return {
    read: async () => (await use()).read(),
    turnOn: async () => (await use()).turnOn(),
    turnOff: async () => (await use()).turnOff(),
  };
}

/** A stage without an event source mapping that can be reached. */
async function refuseToReach(): Promise<never> {
  throw new JobError('switch_failed', { detail: 'other_process' });
}
