import type { Operations } from '../../lib/app/create-operations.ts';
import { runCli } from '../../lib/cli/run-cli.ts';
import { parseOperatorConfig } from '../../lib/core/config/parse-operator-config.ts';
import { OperationError } from '../../lib/core/errors/operation-error.ts';
import type { SessionRef, WebsiteId } from '../../lib/core/ids.ts';
import type { OperatedQueueName, OperatedStage } from '../../lib/core/operated-stage.ts';
import type { BreakerView } from '../../lib/use-cases/breaker/read-breaker.ts';
import { createEnqueueSessions } from '../../lib/use-cases/enqueue-sessions.ts';
import { createReadQueues } from '../../lib/use-cases/read-queues.ts';
import { createTraceSession } from '../../lib/use-cases/trace-session.ts';
import { createDeadLetterScene } from './create-dead-letter-scene.ts';
import { createMemoryRecordArchive } from './memory-record-archive.ts';
import { untilSettled } from './until-settled.ts';

export type CliScene = ReturnType<typeof createCliScene>;

const QUEUE = 'http://127.0.0.1:4566/000000000000/crisp-enrich-local';

const STAGE: OperatedStage = {
  stage: 'local',
  region: 'us-east-1',
  queues: {
    sessions: `${QUEUE}-sessions.fifo`,
    'sessions-dlq': `${QUEUE}-sessions-dlq.fifo`,
    records: `${QUEUE}-records`,
    'records-dlq': `${QUEUE}-records-dlq`,
    'records-undelivered': `${QUEUE}-records-undelivered`,
  },
  bucket: 'crisp-enrich-local-archive',
  table: 'crisp-enrich-local-ledger',
  consumer: undefined,
  endpoints: undefined,
};

export interface CliSceneOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Websites of which something was archived. */
  readonly websites?: readonly WebsiteId[];
  /** A queue that cannot be read: all others can. */
  readonly unreadable?: OperatedQueueName;
  /** The newest redrive cannot be read. */
  readonly withoutMoveTasks?: boolean;
  /** What the queues do not tell. */
  readonly withoutRetention?: boolean;
  /** What the person answers; undefined: nobody is there. */
  readonly answer?: string;
  /** What the breaker says; by default that all is well. */
  readonly breaker?: Partial<BreakerView>;
  /** Of the terminal; undefined: there is none. */
  readonly width?: number;
}

/** The command line before a dead-letter queue in memory. */
export function createCliScene(options: CliSceneOptions = {}) {
  const { environment = {}, websites = [], answer, breaker, width } = options;
  const scene = createDeadLetterScene();
  const { clock, queue, batches, runLog, list, stop } = scene;
  const out: string[] = [];
  const err: string[] = [];
  const asked: string[] = [];
  const targets: (string | undefined)[] = [];
  const pauses: string[] = [];
  const erased: SessionRef[] = [];
  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };

  const operations: Operations = {
    stage: STAGE,
    enqueue: createEnqueueSessions({ batches, coalesce, clock }),
    runHistory: runLog,
    queueReader: queue,
    knownWebsites: { list: async () => websites },
    readQueues: createReadQueues((name) => ({
      async describe() {
        if (name === options.unreadable) throw new OperationError('access_denied', `${name} may not be read`);
        const description = await queue.describe();
        return options.withoutRetention ? { ...description, retentionSeconds: undefined } : description;
      },
    })),
    sessionEraser: {
      async erase(session) {
        erased.push(session);
        return { records: 3, latest: 1, notes: 2 };
      },
    },
    deadLetters: {
      ...scene.deadLetters,
      list,
      show: scene.show,
      drop: scene.drop,
      latestMoveTask: options.withoutMoveTasks
        ? () => Promise.reject(new OperationError('aws_failed', 'no such action'))
        : scene.moveTasks.latest,
    },
    traceSession: createTraceSession({ runHistory: runLog, archive: createMemoryRecordArchive(), list }),
    readBreaker: async () => ({
      deliveries: 'on',
      isOpen: false,
      pause: undefined,
      opening: undefined,
      problems: [],
      ...breaker,
    }),
    async pause(reason) {
      pauses.push(reason);
      return { outcome: 'paused', pause: { sinceMs: clock.nowMs(), reason } };
    },
    resume: async () => ({ outcome: 'resumed' }),
    close() {},
  };

  return {
    ...scene,
    targets,
    asked,
    pauses,
    erased,
    out: () => out.join(''),
    err: () => err.join('\n'),
    /** What was printed, read as one JSON document. */
    json: () => JSON.parse(out.join('')),
    run(...args: string[]): Promise<number> {
      const work = runCli(args, {
        output: {
          write: async (text) => void out.push(text),
          warn: (text) => void err.push(text),
          fail: (text) => void err.push(text),
          width: () => width,
        },
        clock,
        signal: stop.signal,
        ask:
          answer === undefined
            ? undefined
            : async (question) => {
                asked.push(question);
                return answer;
              },
        loadConfig: ({ isLocal }) => parseOperatorConfig(environment, { isLocal }),
        async connect({ stage }) {
          targets.push(stage);
          return operations;
        },
      });
      return untilSettled(clock, work);
    },
  };
}
