import type { Instance } from '../instances.ts';
import type { Disturbances, Part } from '../recorder.ts';

export interface AwsClientDeps extends Part {
  readonly disturbances: AwsDisturbances;
  readonly actions: AwsActions;
  /** Of one try, as the client is configured. */
  readonly timeoutMs: number;
}

/** A command of the SDK: its class names the action. */
interface Command {
  readonly input: object;
}

// As the SDK is configured everywhere: a second try, after a moment.
const TRIES = 2;
const SDK_PAUSE_MS = 60;

/** A client of the AWS SDK whose requests go to a fake, for one instance. */
export function createAwsClient(service: AwsService, instance: Instance, deps: AwsClientDeps) {
  const { clock, random, recorder, disturbances, actions, timeoutMs } = deps;

  return { send, destroy() {} };

  async function send(command: Command): Promise<unknown> {
    const action = command.constructor.name.replace(/Command$/, '');
    const call: AwsCall = {
      service,
      action,
      input: { ...command.input },
      instance,
      deliveryId: instance.deliveryId,
    };
    for (let tries = 1; ; tries += 1) {
      try {
        return await sendOnce(call, tries > 1);
      } catch (error) {
        if (instance.isDead || tries >= TRIES || !isRetried(error)) throw error;
        await instance.nap(random.integer(1, SDK_PAUSE_MS));
      }
    }
  }

  function sendOnce(call: AwsCall, isContinued: boolean): Promise<unknown> {
    const trouble = disturbances.find(call);
    if (trouble) tell(call, trouble);
    const delayMs = trouble?.kind === 'slow' ? trouble.delayMs : 0;
    const thereMs = random.integer(1, 12) + delayMs;
    return instance.cross({
      name: `${service}:${call.action}`,
      thereMs: Math.min(thereMs, timeoutMs),
      perform: () => (thereMs > timeoutMs ? performLate(call, thereMs - timeoutMs) : perform(call, trouble)),
      backMs: random.integer(0, 4),
      isContinued,
    });
  }

  function perform(call: AwsCall, trouble: AwsTrouble | undefined): unknown {
    if (trouble?.kind === 'refuse') throw trouble.error;
    if (trouble?.kind === 'change') {
      const input = trouble.input?.(call.input) ?? call.input;
      return trouble.output(arrive({ ...call, input }));
    }
    const output = arrive(call);
    if (trouble?.kind === 'lose-answer') throw toSocketError('ECONNRESET');
    return output;
  }

  /** The client gives up; what it sent arrives all the same. */
  function performLate(call: AwsCall, delayMs: number): never {
    clock.schedule(clock.nowMs() + delayMs, () => {
      try {
        arrive(call);
      } catch {
        // Nobody hears the answer.
      }
    });
    throw toTimeoutError();
  }

  function arrive(call: AwsCall): unknown {
    const act = actions[call.action];
    if (!act) throw new Error(`The fake of ${service} does not know ${call.action}`);
    // The command's own input, for the action that is named for it.
    return act(call.input as never, call);
  }

  function tell(call: AwsCall, { fault }: AwsTrouble): void {
    const sessionKey = findSessionKey(call);
    recorder.note({
      type: 'fault-injected',
      fault,
      place: PLACES[service],
      instance: instance.name,
      ...(sessionKey !== undefined && { sessionKey }),
    });
  }
}

const PLACES = {
  sqs: 'queue',
  sns: 'topic',
  s3: 'archive',
  dynamodb: 'ledger',
  ssm: 'secrets',
  lambda: 'switch',
} as const satisfies Record<AwsService, string>;

export type AwsService = 'sqs' | 'sns' | 's3' | 'dynamodb' | 'ssm' | 'lambda';

/** A request that an instance makes of AWS. */
export interface AwsCall {
  readonly service: AwsService;
  /** `SendMessage`, `PutObject`, … */
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly instance: Instance;
  /** The delivery that a webhook was busy with when it called. */
  readonly deliveryId: string | undefined;
}

/** What a fault makes of a request. */
export type AwsTrouble = { readonly fault: string } & (
  | { readonly kind: 'refuse'; readonly error: unknown }
  /** It takes effect, and nobody hears of it. */
  | { readonly kind: 'lose-answer' }
  /** It takes effect that much later, perhaps when nobody waits for it any more. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Another request arrives than was sent, or another answer than was given. */
  | {
      readonly kind: 'change';
      readonly input?: (input: AwsCall['input']) => AwsCall['input'];
      readonly output: (output: unknown) => unknown;
    }
);

export type AwsDisturbances = Disturbances<AwsCall, AwsTrouble>;

/**
 * What a service does at the moment at which a request of that name arrives; throws what it answers as an error. The
 * input is that of the command which the action is named for.
 */
export type AwsActions = Readonly<Record<string, (input: never, call: AwsCall) => unknown>>;

/** The session that a request is about, where it says so. */
function findSessionKey({ input }: AwsCall): string | undefined {
  const { Key, MessageGroupId } = input;
  if (typeof MessageGroupId === 'string') return MessageGroupId;
  const [, websiteId, sessionId] =
    (typeof Key === 'string' && /^(?:latest|records)\/([^/]+)\/([^/.]+)/.exec(Key)) || [];
  return websiteId && sessionId ? `${websiteId}:${sessionId}` : undefined;
}

/** An error as the AWS SDK throws it. Its message may hold anything: nothing of it may be shown. */
export function toAwsError(name: string, httpStatusCode: number, message = 'canary-aws-message'): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode }, $fault: 'client' });
}

/** The connection to the service broke. */
export function toSocketError(code: string): Error {
  return Object.assign(new Error(`${code} canary-aws-message`), { code });
}

/** The SDK's own time limit. */
function toTimeoutError(): Error {
  return Object.assign(new Error('canary-aws-message'), { name: 'TimeoutError' });
}

/** What the SDK tries once more: the server's own failures, throttling, and connections that broke. */
function isRetried(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error || error.name === 'TimeoutError') return true;
  const metadata: unknown = Reflect.get(error, '$metadata');
  const status = typeof metadata === 'object' && metadata ? Reflect.get(metadata, 'httpStatusCode') : 0;
  return Number(status) >= 500 || THROTTLED.has(error.name);
}

const THROTTLED = new Set([
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottled',
  'ProvisionedThroughputExceededException',
  'SlowDown',
]);
