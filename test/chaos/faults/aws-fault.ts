import type { Random } from '../../../lib/local/simulator/random.ts';
import type { AwsCall, AwsTrouble } from '../world/aws/aws-call.ts';
import { toAwsError, toSocketError } from '../world/aws/aws-error.ts';
import type { World } from '../world/world.ts';
import type { FaultId } from './fault.ts';

type Trouble = AwsTrouble extends infer One ? (One extends unknown ? Omit<One, 'fault'> : never) : never;

/** Disturbs the calls that `matches` names, some of them where `probability` is below 1. */
export function disturbAws(
  { aws }: World,
  fault: FaultId,
  options: {
    readonly matches: (call: AwsCall) => boolean;
    readonly probability: number;
    readonly random: Random;
    readonly trouble: () => Trouble;
  },
): () => void {
  const { matches, probability, random, trouble } = options;
  return aws.add((call) =>
    // A trouble and the fault that it is of.
    matches(call) && random.chance(probability) ? ({ ...trouble(), fault } as AwsTrouble) : undefined,
  );
}

/** What a service answers when it is in trouble itself. */
export function drawServerError(random: Random): Error {
  return random.pick([
    () => toAwsError('InternalError', 500),
    () => toAwsError('ServiceUnavailable', 503),
    () => toAwsError('ThrottlingException', 400),
    () => toAwsError('SlowDown', 503),
    () => toSocketError('ECONNRESET'),
    () => toSocketError('ETIMEDOUT'),
  ])();
}
