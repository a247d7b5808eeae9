import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { format } from 'node:util';
import { onTestFinished, vi } from 'vitest';
import { mapStageQueues, readQueues, type StageQueue, toQueueName } from '../../lib/aws/queues.ts';
import type { BreakerView } from '../../lib/breaker/pause.ts';
import { runCli } from '../../lib/cli/run.ts';
import { type Clock, systemClock } from '../../lib/clock.ts';
import type { Environment } from '../../lib/config/config.ts';
import { parseOperatorConfig } from '../../lib/config/local-config.ts';
import { JobError, OperationError } from '../../lib/errors.ts';
import type { SessionRef, WebsiteId } from '../../lib/ids.ts';
import type { QuotaDay } from '../../lib/ledger/quota-notes.ts';
import type { Finding } from '../../lib/operate/doctor/checks.ts';
import { examineSetup } from '../../lib/operate/doctor/doctor.ts';
import { findLocalSetup } from '../../lib/operate/doctor/setup.ts';
import { connectStage, type Operations } from '../../lib/operate/operations.ts';
import { readStory, type TraceSources, traceSession } from '../../lib/operate/sessions.ts';
import type { OperatedStage } from '../../lib/operate/stage.ts';
import { createEnqueueSessions } from '../../lib/queue/sessions-queue.ts';
import { createDeadLetterScene } from './dead-letter-scene.ts';
import { type LocalScene, simulatorOf, startLocalScene } from './local-scene.ts';
import { createMemoryRecordArchive, createMemorySessionNotes } from './memory.ts';
import { COMPILE_CACHE } from './private-temporary-folder.ts';
import { untilSettled } from './virtual-clock.ts';

export type CliScene = ReturnType<typeof createCliScene>;

const STAGE: OperatedStage = {
  stage: 'local',
  region: 'us-east-1',
  queues: mapStageQueues((name) => `http://127.0.0.1:4566/000000000000/${toQueueName('local', name)}`),
  bucket: 'crisp-enrich-local-archive',
  table: 'crisp-enrich-local-ledger',
  topicArn: 'arn:aws:sns:us-east-1:000000000000:crisp-enrich-local-records',
  consumer: undefined,
  endpoints: undefined,
};

interface CliSceneOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Websites of which something was archived. */
  readonly websites?: readonly WebsiteId[];
  /** A queue that cannot be read: all others can. */
  readonly unreadable?: StageQueue;
  /** The newest redrive cannot be read. */
  readonly withoutMoveTasks?: boolean;
  /** What the queues do not tell. */
  readonly withoutRetention?: boolean;
  /** What the person answers; undefined: nobody is there. */
  readonly answer?: string;
  /** The day's calls; undefined: none was counted. */
  readonly day?: QuotaDay | 'unreadable';
  /** What the breaker says; by default that all is well. */
  readonly breaker?: Partial<BreakerView>;
  /** Of the terminal; undefined: there is none. */
  readonly width?: number;
  /** How many letters lie in the dead-letter queue. */
  readonly dead?: number;
}

/** The command line before a dead-letter queue in memory. */
export function createCliScene(options: CliSceneOptions = {}) {
  const { environment = {}, websites = [], answer, breaker, width, dead = 0 } = options;
  const scene = createDeadLetterScene({ dead });
  const { clock, queue, batches, runLog, stop } = scene;
  const out: string[] = [];
  const err: string[] = [];
  const asked: string[] = [];
  const targets: (string | undefined)[] = [];
  const pauses: string[] = [];
  const erased: SessionRef[] = [];
  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };

  const archive = createMemoryRecordArchive();
  const sources: TraceSources = {
    archive,
    listVersions: async () => [],
    sessionNotes: createMemorySessionNotes(runLog),
  };
  const operations: Operations = {
    stage: STAGE,
    enqueue: createEnqueueSessions({ batches, coalesce, clock }),
    runHistory: runLog,
    listKnownWebsites: async () => websites,
    readQueues: () =>
      readQueues((name) => ({
        async describe() {
          if (name === options.unreadable)
            throw new OperationError('access_denied', `${name} may not be read`);
          const description = await queue.describe();
          return options.withoutRetention ? { ...description, retentionSeconds: undefined } : description;
        },
      })),
    listWaiting: scene.deadLetters.list,
    async redriveRecords() {
      throw new Error('not in memory');
    },
    async eraseSession(session) {
      erased.push(session);
      return { records: 3, latest: 1, notes: 2 };
    },
    deadLetters: {
      ...scene.deadLetters,
      ...(options.withoutMoveTasks && {
        latestMoveTask: () => Promise.reject(new OperationError('aws_failed', 'no such action')),
      }),
    },
    archive: async () => archive,
    traceSession: (session, limits) => traceSession(scene.context, sources, session, limits),
    readStory: (session, limits) => readStory(scene.context, sources, session, limits),
    async readQuota() {
      if (options.day === 'unreadable') throw new JobError('ledger_failed');
      return options.day;
    },
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
    operations,
    archive,
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

export const MAIN = fileURLToPath(new URL('../../lib/cli/crisp-enrich.mjs', import.meta.url));

interface CliRun {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * The command line within this process, with `env` as its configuration: a tenth of the work of a process of its own.
 * What such a process adds is shown by one run of each command.
 */
export async function runCliHere(
  words: readonly string[],
  { env = {} }: { readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CliRun> {
  const texts = { stdout: '', stderr: '' };
  const say = (text: string) => {
    texts.stderr += `${text}\n`;
  };
  const exitCode = await runCli(words, {
    output: {
      async write(text) {
        texts.stdout += text;
      },
      warn: say,
      fail: say,
    },
    clock: systemClock,
    signal: new AbortController().signal,
    ask: undefined,
    loadConfig: ({ isLocal }) => parseOperatorConfig(env, { isLocal }),
    connect: connectStage,
  });
  return { exitCode, ...texts };
}

/** The command line in a process of its own, with `input` on its standard input and `env` as its whole environment. */
export async function runCliProcess(
  words: readonly string[],
  { input = '', env = {} }: { readonly input?: string; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<CliRun> {
  const child = spawn(process.execPath, [MAIN, ...words], {
    cwd: import.meta.dirname,
    env: { HOME: '/nonexistent', AWS_EC2_METADATA_DISABLED: 'true', ...COMPILE_CACHE, ...env },
  });
  const texts = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      texts[name] += text;
    });
  }
  // A command that refuses at once does not read to the end.
  child.stdin.on('error', () => undefined).end(input);
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, ...texts };
}

/** Everything that is written to standard output and error from now to the end of the test. */
interface CapturedOutput {
  text(): string;
  /** Without empty ones. */
  lines(): string[];
}

export function captureOutput(): CapturedOutput {
  const chunks: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      chunks.push(String(chunk));
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  // The test runner's console does not write to the streams of the process.
  for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) {
    const spy = vi.spyOn(console, method).mockImplementation((...said) => {
      chunks.push(`${format(...said)}\n`);
    });
    onTestFinished(() => spy.mockRestore());
  }
  const text = () => chunks.join('');
  return { text, lines: () => text().split('\n').filter(Boolean) };
}

export interface DoctorScene {
  readonly scene: LocalScene;
  /** What the doctor finds; `environment` is that of whoever calls it. */
  examine(options?: {
    readonly environment?: Environment;
    readonly clock?: Clock;
  }): Promise<readonly Finding[]>;
}

/** Local mode with a simulated Crisp that has conversations, and a doctor for it. */
export async function startDoctorScene(): Promise<DoctorScene> {
  const scene = await startLocalScene();
  const simulator = simulatorOf(scene);
  for (const websiteId of simulator.websiteIds) {
    simulator.seedConversations({ websiteId, conversations: 3, messages: 30 });
  }

  return {
    scene,
    async examine({ environment = {}, clock = systemClock } = {}) {
      const url = new URL(new URL(scene.mode.health.webhook).origin);
      const own = { COALESCE_SECONDS: '1', COALESCE_MARGIN_SECONDS: '1', ...environment };
      const setup = await findLocalSetup(own, url);
      return examineSetup(setup, { nodeVersion: '24.1.0', sqs: scene.mode.aws.clients.sqs, clock });
    },
  };
}
