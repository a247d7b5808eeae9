import type { Random } from '../../../../lib/local/simulator/random.ts';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import type { Instance } from '../instance.ts';
import type { Recorder } from '../recorder.ts';
import type { AwsActions, AwsCall, AwsDisturbances, AwsService, AwsTrouble } from './aws-call.ts';
import { findSessionKey } from './aws-call.ts';
import { isRetried, toSocketError, toTimeoutError } from './aws-error.ts';

export interface AwsClientDeps {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly recorder: Recorder;
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
