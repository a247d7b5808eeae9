import {
  GetEventSourceMappingCommand,
  LambdaClient,
  ListEventSourceMappingsCommand,
  UpdateEventSourceMappingCommand,
} from '@aws-sdk/client-lambda';
import { toAwsFailure } from '../aws/failures.ts';
import type { Clock } from '../clock.ts';
import type { EventSourceMappingConfig } from '../config/config.ts';
import { JobError } from '../errors.ts';

/** `changing`: on its way to one of the other two. `absent`: nothing feeds the consumer. */
export type EventSourceMappingState = 'on' | 'off' | 'changing' | 'absent';

/**
 * The event source mapping between the sessions queue and the consumer. Intake does not depend on it.
 * Turning it off takes up to a minute to take effect; messages are still delivered meanwhile. Methods reject with
 * `JobError` `switch_failed`.
 */
export interface EventSourceMapping {
  read(): Promise<EventSourceMappingState>;
  /** Resolves once it is asked for; nothing happens where it is so already. */
  turnOn(): Promise<void>;
  turnOff(): Promise<void>;
}

// Two tries of a call end within the reserve that a run keeps for its deadline.
const TIMES = {
  maxAttempts: 2,
  requestHandler: { connectionTimeout: 1000, requestTimeout: 3000, throwOnRequestTimeout: true },
};

/** The mapping of a deployed stage. Local mode has one of its own, so `AwsClients` does not hold its client. */
export function createEventSourceMapping(config: EventSourceMappingConfig, clock: Clock): EventSourceMapping {
  return createLambdaMapping({
    client: new LambdaClient(TIMES),
    functionName: config.consumerFunctionName,
    queueArn: config.sessionsQueueArn,
    clock,
  });
}

interface LambdaMappingOptions {
  readonly client: LambdaClient;
  readonly functionName: string;
  readonly queueArn: string;
  readonly clock: Clock;
}

// A mapping that is changing refuses the next change for some seconds. Together they are half of what a run keeps for
// its end.
const RETRY_DELAYS_MS = [500, 1000, 2000, 4000];

const BUSY = new Set(['resource_in_use', 'resource_conflict', 'too_many_requests']);

/**
 * The event source mapping between the sessions queue and the consumer. Its id is not known at deployment, where the
 * function would have to know of its own trigger: it is found by its two ends, once. A mapping that was replaced since is
 * found again. Rejects with `JobError` `switch_failed` alone.
 */
export function createLambdaMapping(deps: LambdaMappingOptions): EventSourceMapping {
  const { client, functionName, queueArn, clock } = deps;
  let known: string | undefined;

  return {
    async read() {
      return MAPPING_STATES[(await readMapping())?.state ?? ''] ?? 'absent';
    },
    turnOn: () => turn(true, ['Enabled', 'Enabling', 'Creating']),
    turnOff: () => turn(false, ['Disabled', 'Disabling']),
  };

  async function turn(isOn: boolean, alreadySo: readonly string[]): Promise<void> {
    const mapping = await readMapping();
    if (mapping === undefined) throw new JobError('switch_failed', { detail: 'absent' });
    if (alreadySo.includes(mapping.state)) return;
    const command = new UpdateEventSourceMappingCommand({ UUID: mapping.uuid, Enabled: isOn });
    await patiently('lambda:UpdateEventSourceMapping', () => client.send(command));
  }

  async function readMapping(): Promise<{ uuid: string; state: string } | undefined> {
    if (known !== undefined) {
      const state = await getState(known);
      if (state !== undefined) return { uuid: known, state };
    }
    known = await find();
    const state = known && (await getState(known));
    return known && state ? { uuid: known, state } : undefined;
  }

  async function find(): Promise<string | undefined> {
    const command = new ListEventSourceMappingsCommand({
      FunctionName: functionName,
      EventSourceArn: queueArn,
    });
    const { EventSourceMappings: [mapping] = [] } = await patiently('lambda:ListEventSourceMappings', () =>
      client.send(command),
    );
    return mapping?.UUID;
  }

  /** Undefined where there is no mapping of that id. */
  async function getState(uuid: string): Promise<string | undefined> {
    const command = new GetEventSourceMappingCommand({ UUID: uuid });
    try {
      const { State } = await patiently('lambda:GetEventSourceMapping', () => client.send(command));
      return State;
    } catch (error) {
      if (error instanceof JobError && error.detail === 'resource_not_found') return undefined;
      throw error;
    }
  }

  async function patiently<Answer>(action: string, call: () => Promise<Answer>): Promise<Answer> {
    for (const delayMs of RETRY_DELAYS_MS) {
      try {
        return await call();
      } catch (thrown) {
        if (!BUSY.has(toAwsFailure(thrown).code)) throw toMappingFailure(thrown, action);
        await clock.sleep(delayMs);
      }
    }
    return call().catch((thrown: unknown) => {
      throw toMappingFailure(thrown, action);
    });
  }
}

/** What Lambda calls the states of a mapping. */
const MAPPING_STATES: Readonly<Record<string, EventSourceMappingState>> = {
  Enabled: 'on',
  Disabled: 'off',
  Creating: 'changing',
  Enabling: 'changing',
  Disabling: 'changing',
  Updating: 'changing',
};

function toMappingFailure(cause: unknown, action: string): JobError {
  const { code, status, isDenied } = toAwsFailure(cause);
  return new JobError('switch_failed', {
    detail: code,
    cause,
    ...(status !== undefined && { status }),
    ...(isDenied && { hint: `allow ${action} on the consumer's event source mapping` }),
  });
}
