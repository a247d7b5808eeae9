import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  DeleteMessageBatchCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { systemClock } from '../../lib/clock.ts';
import { toInfraSettings } from '../../lib/config/infra-settings.ts';
import { parseLocalConfig } from '../../lib/config/local-config.ts';
import type { RunTotals } from '../../lib/console/traffic.ts';
import type { SessionRef } from '../../lib/ids.ts';
import { createDynamoBreakerNotes } from '../../lib/ledger/breaker-notes.ts';
import { createLocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import { parseLocalOptions } from '../../lib/local/options.ts';
import { type LocalHealth, type LocalMode, startLocalMode } from '../../lib/local/start.ts';
import { openTerminal } from '../../lib/local/terminal.ts';
import type { EnrichedRecord } from '../../lib/record/schema.ts';
import { signHookRequest } from './hooks.ts';
import { COMPILE_CACHE } from './private-temporary-folder.ts';

/** Waits until the sessions queue of a scene is held (`off`) or flows (`on`). */
export async function untilMapping({ mode, shown }: LocalScene, state: 'on' | 'off'): Promise<void> {
  for (let looks = 0; looks < 100; looks += 1) {
    if ((await mode.pipeline.mapping.read()) === state) return;
    await wait(200);
  }
  throw new Error(`the mapping is not ${state}; the terminal showed:\n${shown.join('')}`);
}

/** As if the minutes until the probe's next look had passed. */
export async function endHoldOff(scene: LocalScene): Promise<void> {
  const due = { holdOffSeconds: 60, nextProbeMs: 0, failedProbes: 0 };
  const notes = breakerNotesOf(scene);
  const opening = await notes.readOpening();
  if (opening) await notes.noteFailedProbe(opening.openedMs, due);
}

export function breakerNotesOf({ mode: { aws } }: LocalScene) {
  return createDynamoBreakerNotes({ client: aws.clients.dynamodb, table: aws.resources.table });
}

const HOOK_SECRET = 'a-hook-secret-for-tests-long-enough-for-urls';

/** Local mode on free ports with short buckets, and the hands and eyes of a test. */
export interface LocalScene {
  readonly mode: LocalMode;
  /** What the pipeline counted. */
  totals(): RunTotals;
  /** All that the terminal showed. */
  readonly shown: readonly string[];
  /** Posts a signed event of a session; resolves with the status. */
  hook(session: SessionRef): Promise<number>;
  /** Puts a message onto the sessions queue past the webhook. */
  enqueue(body: string, groupId?: string): Promise<void>;
  /** The next records on the records queue, acknowledged as they come. */
  receiveRecords(count: number): Promise<EnrichedRecord[]>;
  /** The next message of a queue, left in flight. */
  receiveFrom(queueUrl: string): Promise<Message>;
  stop(): Promise<void>;
}

export interface LocalSceneOptions {
  readonly env?: Record<string, string>;
  readonly args?: readonly string[];
}

export async function startLocalScene({ env = {}, args = [] }: LocalSceneOptions = {}): Promise<LocalScene> {
  const environment = {
    CRISP_HOOK_SECRETS: HOOK_SECRET,
    COALESCE_SECONDS: '1',
    COALESCE_MARGIN_SECONDS: '1',
    RETRY_BASE_SECONDS: '1',
    ...env,
  };
  const shown: string[] = [];
  const terminal = openTerminal({ write: (text) => shown.push(text), clock: systemClock });
  const mode = await startLocalMode({
    options: parseLocalOptions(['--port', '0', '--aws-port', '0', ...args]),
    config: parseLocalConfig(environment),
    settings: toInfraSettings(environment, { isLocal: true, archiveBucketSuffix: '' }),
    givenEndpoints: {},
    clock: systemClock,
    terminal,
  });
  const { sqs } = mode.aws.clients;
  const { sessions, records } = mode.health.queues;

  async function receiveFrom(queueUrl: string): Promise<Message> {
    for (let polls = 0; polls < 5; polls++) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 10, MaxNumberOfMessages: 1 }),
      );
      if (Messages[0]) return Messages[0];
    }
    throw new Error(`nothing came on ${queueUrl}; the terminal showed:\n${shown.join('')}`);
  }

  return {
    mode,
    totals: terminal.traffic.totals,
    shown,
    receiveFrom,
    async hook(session) {
      const request = signHookRequest(session, { secret: HOOK_SECRET, nowMs: systemClock.nowMs() });
      const response = await fetch(mode.health.webhook, request);
      return response.status;
    },
    async enqueue(body, groupId = 'by-hand') {
      const MessageDeduplicationId = crypto.randomUUID();
      const message = {
        QueueUrl: sessions,
        MessageBody: body,
        MessageGroupId: groupId,
        MessageDeduplicationId,
      };
      await sqs.send(new SendMessageCommand(message));
    },
    async receiveRecords(count) {
      const received: EnrichedRecord[] = [];
      while (received.length < count) {
        const { Body = '', ReceiptHandle } = await receiveFrom(records);
        received.push(JSON.parse(Body));
        await sqs.send(new DeleteMessageCommand({ QueueUrl: records, ReceiptHandle }));
      }
      return received;
    },
    async stop() {
      terminal.stop();
      await mode.stop();
    },
  };
}

/** The simulator of a scene; fails the test where Crisp is another server. */
export function simulatorOf({ mode }: LocalScene) {
  expect(mode.crisp).toBeDefined();
  if (!mode.crisp) throw new Error('no simulator');
  return mode.crisp.simulator;
}

/** Takes records off their queue until there are enough: how many messages each session's record had. */
export async function collectRecords(
  { health }: SpawnedLocalMode,
  isEnough: (records: ReadonlyMap<string, number>) => boolean,
): Promise<Map<string, number>> {
  const clients = createLocalAwsClients(health.aws.endpoints);
  const records = new Map<string, number>();
  while (!isEnough(records)) await receiveInto(records, clients.sqs, health.queues.records);
  clients.destroy();
  return records;
}

async function receiveInto(records: Map<string, number>, sqs: SQSClient, QueueUrl: string): Promise<void> {
  const receive = new ReceiveMessageCommand({ QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 10 });
  const { Messages = [] } = await sqs.send(receive);
  if (Messages.length === 0) throw new Error(`only ${records.size} records came`);
  for (const { Body = '' } of Messages) {
    const record = JSON.parse(Body);
    records.set(record.session_id, record.messages.length);
  }
  const Entries = Messages.map(({ ReceiptHandle }, index) => ({ Id: String(index), ReceiptHandle }));
  await sqs.send(new DeleteMessageBatchCommand({ QueueUrl, Entries }));
}

const MAIN = fileURLToPath(new URL('../../lib/local/main.ts', import.meta.url));

export interface SpawnedLocalMode {
  readonly health: LocalHealth;
  /** The most memory that it held at a time, in MiB; undefined where the system does not tell. */
  readonly peakMemoryMb: () => number | undefined;
  /** All that it printed so far. */
  readonly output: () => string;
  /** Ends it with a signal; resolves with its exit code once it is gone: null after SIGKILL. */
  readonly end: (signal: 'SIGKILL' | 'SIGINT') => Promise<number | null>;
}

/** Local mode in a process of its own, without demo traffic; resolves when it is ready. */
export async function spawnLocalMode(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
): Promise<SpawnedLocalMode> {
  const child = spawn(process.execPath, [MAIN, '--no-demo', '--port', '0', '--aws-port', '0', ...args], {
    env: { PATH: '', ...COMPILE_CACHE, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const health = await untilReady(child, () => output);

  return {
    health,
    output: () => output,
    peakMemoryMb: () => readPeakMemory(child.pid),
    async end(signal) {
      const exited = once(child, 'exit');
      child.kill(signal);
      const [code] = await exited;
      return code;
    },
  };
}

async function untilReady(child: ChildProcess, output: () => string): Promise<LocalHealth> {
  for (;;) {
    const url = /GET (http:\S+\/healthz)/.exec(output())?.[1];
    if (url) return (await fetch(url)).json() as Promise<LocalHealth>; // Its own shape, over HTTP.
    if (child.exitCode !== null) throw new Error(`local mode ended: ${output()}`);
    await Promise.race([once(child.stdout ?? child, 'data'), once(child, 'exit')]);
  }
}

function readPeakMemory(pid: number | undefined): number | undefined {
  const status = `/proc/${pid}/status`;
  if (!existsSync(status)) return undefined;
  const kilobytes = /VmHWM:\s+(\d+) kB/.exec(readFileSync(status, 'utf8'))?.[1];
  return Number(kilobytes) / 1024;
}
