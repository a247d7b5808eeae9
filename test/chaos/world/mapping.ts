import type { Context, SQSEvent } from 'aws-lambda';
import type { ConsumerHandler } from '../../../lib/consumer/handler.ts';
import { readBatchResponse, toSqsEvent } from '../../../lib/local/lambda/batch.ts';
import type { Random } from '../../../lib/local/simulator/random.ts';
import { type NamedQueue, type ReceivedEntry, toSdkMessage } from './aws/queue.ts';
import type { Instance, Lived, Role } from './instances.ts';
import type { Part } from './recorder.ts';
import { CONSUMER_TIMEOUT_MS, MAPPING_CHANGE_MS } from './settings.ts';

/** What faults change of Lambda's poller; each is asked for every batch. */
interface MappingTroubles {
  /** The batch is received, and never arrives: `lost` on the way, or `throttled` by Lambda. */
  dropsBatch?: () => boolean;
  /** The queue shows the messages again after this many seconds already. */
  visibilitySeconds?: () => number | undefined;
  /** The response on its way to Lambda. */
  changeResponse?: (response: unknown) => unknown;
  /** What succeeded is not deleted. */
  losesDelete?: () => boolean;
}

export interface ConsumerMapping {
  readonly state: MappingState;
  troubles: MappingTroubles;
  /** True while no invocation runs. */
  readonly isIdle: boolean;
}

interface ConsumerMappingDeps extends Part {
  readonly sessions: NamedQueue;
  readonly pool: FunctionPool<ConsumerHandler>;
  readonly concurrency: number;
}

// infra/functions.yml.
const BATCH_SIZE = 5;

const POLL_MS = [5, 150] as const;

/** Lambda's event source mapping: polls, invokes, and deletes what the function did not report as failed. */
export function createConsumerMapping(deps: ConsumerMappingDeps): ConsumerMapping {
  const { clock, random, recorder, sessions, pool, concurrency } = deps;
  const { queue } = sessions;
  let busy = 0;
  let poll: { readonly atMs: number; readonly cancel: () => void } | undefined;
  const state = createMappingState({ clock, random, recorder, onChange: () => pollSoon() });
  const mapping: ConsumerMapping = {
    state,
    troubles: {},
    get isIdle() {
      return busy === 0;
    },
  };
  sessions.onChange = () => pollSoon();
  return mapping;

  function pollSoon(): void {
    pollAt(clock.nowMs() + random.integer(...POLL_MS));
  }

  function pollAt(atMs: number): void {
    if (!state.isPolling || busy >= concurrency) return;
    if (poll !== undefined && poll.atMs <= atMs) return;
    poll?.cancel();
    poll = { atMs, cancel: clock.schedule(atMs, receive) };
  }

  function receive(): void {
    poll = undefined;
    if (!state.isPolling || busy >= concurrency) return;
    const batch = queue.receive(BATCH_SIZE, mapping.troubles.visibilitySeconds?.());
    if (batch.length > 0) {
      void handle(batch);
      pollSoon();
      return;
    }
    const dueMs = queue.nextDueMs();
    if (dueMs !== undefined) pollAt(dueMs + random.integer(...POLL_MS));
  }

  async function handle(batch: readonly ReceivedEntry[]): Promise<void> {
    busy += 1;
    try {
      if (!mapping.troubles.dropsBatch?.()) await run(batch);
    } finally {
      busy -= 1;
      pollSoon();
    }
  }

  async function run(batch: readonly ReceivedEntry[]): Promise<void> {
    const warm = await pool.acquire();
    if (!warm) return;
    const { instance, handler } = warm;
    const event = toEvent(batch, sessions.arn);
    const lived = await invoke(instance, (context) => handler(event, context), {
      clock,
      recorder,
      timeoutMs: CONSUMER_TIMEOUT_MS,
    });
    pool.release(warm);
    const messageIds = batch.map(({ message }) => message.messageId);
    const answered = lived.outcome === 'returned' ? readFailed(lived.value, messageIds) : undefined;
    recorder.note({
      type: 'batch-answered',
      instance: instance.name,
      messageIds,
      ...(answered && { failedIds: answered }),
    });
    const { changeResponse } = mapping.troubles;
    const arrived =
      lived.outcome === 'returned' && changeResponse
        ? readFailed(changeResponse(lived.value), messageIds)
        : answered;
    if (arrived) await settle(batch, new Set(arrived));
  }

  async function settle(batch: readonly ReceivedEntry[], failed: ReadonlySet<string>): Promise<void> {
    await clock.sleep(random.integer(2, 30));
    if (mapping.troubles.losesDelete?.()) return;
    for (const { message, receiptHandle } of batch)
      if (!failed.has(message.messageId)) queue.delete(receiptHandle);
  }
}

/** The ids that failed; undefined for a response that makes the whole batch a failure. */
function readFailed(response: unknown, messageIds: readonly string[]): string[] | undefined {
  const read = readBatchResponse(response, new Set(messageIds));
  return read.outcome === 'reported' ? [...read.failedIds] : undefined;
}

function toEvent(batch: readonly ReceivedEntry[], arn: string): SQSEvent {
  const messages = batch.map((entry) => toSdkMessage(entry, { MessageSystemAttributeNames: ['All'] }));
  return toSqsEvent(messages, arn);
}

/** Whether Lambda polls the queue, as its API shows it. */
export interface MappingState {
  /** As the API names it. */
  readonly name: 'Enabled' | 'Disabling' | 'Disabled' | 'Enabling';
  /** Also while it is about to stop. */
  readonly isPolling: boolean;
  /** Asks for a change, which takes a while; false where another one is under way. */
  turn(isEnabled: boolean): boolean;
}

interface MappingStateDeps extends Part {
  readonly onChange: () => void;
}

function createMappingState({ clock, random, recorder, onChange }: MappingStateDeps): MappingState {
  let name: MappingState['name'] = 'Enabled';

  return {
    get name() {
      return name;
    },
    get isPolling() {
      return name === 'Enabled' || name === 'Disabling';
    },
    turn(isEnabled) {
      if (name === 'Enabling' || name === 'Disabling') return false;
      if ((name === 'Enabled') === isEnabled) return true;
      recorder.note({ type: 'mapping-turned', to: isEnabled ? 'on' : 'off' });
      name = isEnabled ? 'Enabling' : 'Disabling';
      clock.schedule(clock.nowMs() + random.integer(...MAPPING_CHANGE_MS), () => {
        name = isEnabled ? 'Enabled' : 'Disabled';
        onChange();
      });
      return true;
    },
  };
}

interface WarmInstance<Handler> {
  readonly instance: Instance;
  readonly handler: Handler;
}

/** The instances of one function: the one used last is used next, and keeps what its code keeps. */
export interface FunctionPool<Handler> {
  /** A warm one, or a new one after its cold start; undefined where it died while it started. */
  acquire(): Promise<WarmInstance<Handler> | undefined>;
  release(warm: WarmInstance<Handler>): void;
  /** Ends those that are idle, as Lambda does after a while, or at once for a new version. */
  cool(): void;
}

interface FunctionPoolDeps<Handler> {
  readonly role: Role;
  readonly spawn: (role: Role) => Instance;
  readonly createHandler: (instance: Instance) => Handler;
  readonly random: Random;
}

const COLD_START_MS = [150, 900] as const;

export function createFunctionPool<Handler>(deps: FunctionPoolDeps<Handler>): FunctionPool<Handler> {
  const { role, spawn, createHandler, random } = deps;
  let warm: WarmInstance<Handler>[] = [];

  return {
    async acquire() {
      const ready = warm.pop();
      if (ready) {
        ready.instance.isBusy = true;
        return ready;
      }
      const instance = spawn(role);
      instance.isBusy = true;
      const handler = createHandler(instance);
      const started = await instance.outlive(instance.nap(random.integer(...COLD_START_MS)));
      return started.outcome === 'returned' ? { instance, handler } : undefined;
    },
    release(used) {
      used.instance.isBusy = false;
      if (!used.instance.isDead) warm.push(used);
    },
    cool() {
      for (const { instance } of warm) instance.kill('end');
      warm = [];
    },
  };
}

interface InvokeDeps extends Omit<Part, 'random'> {
  readonly timeoutMs: number;
}

/** Runs one invocation until it ends, or its instance does: by itself, or at the function's timeout. */
export async function invoke<Result>(
  instance: Instance,
  handle: (context: Context) => Promise<Result>,
  { clock, recorder, timeoutMs }: InvokeDeps,
): Promise<Lived<Result>> {
  const deadlineMs = clock.nowMs() + timeoutMs;
  const cancel = clock.schedule(deadlineMs, () => instance.kill('timeout'));
  const lived = await instance.outlive(
    start(() => handle(toContext(instance, () => deadlineMs - clock.nowMs()))),
  );
  cancel();
  // What reaches the platform stands in the function's log.
  if (lived.outcome === 'threw')
    recorder.note({ type: 'line-written', by: instance.name, text: toText(lived.error) });
  return lived;
}

async function start<Result>(run: () => Promise<Result>): Promise<Result> {
  return run();
}

function toContext(instance: Instance, remainingMs: () => number): Context {
  const { name, role } = instance;
  instance.invocations += 1;
  const context = {
    callbackWaitsForEmptyEventLoop: true,
    functionName: role,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${role}`,
    memoryLimitInMB: '1024',
    awsRequestId: `${name}-request-${instance.invocations}`,
    logGroupName: `/aws/lambda/${role}`,
    logStreamName: name,
    getRemainingTimeInMillis: () => Math.max(0, remainingMs()),
  };
  // Without the callbacks of Node's earlier handlers, which the runtime for nodejs24.x refuses.
  return context as Context;
}

function toText(error: unknown): string {
  return error instanceof Error ? (error.stack ?? String(error)) : `not an error: ${typeof error}`;
}
