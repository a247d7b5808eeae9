import type { Random } from '../../../lib/local/simulator/random.ts';
import { say } from '../workload.ts';
import { type AwsCall, type AwsTrouble, toAwsError, toSocketError } from '../world/aws/call.ts';
import { currentState } from '../world/crisp-store.ts';
import { type CrispCall, type CrispReply, type CrispTrouble, toReply } from '../world/fake-crisp.ts';
import type { World } from '../world/world.ts';

type AwsFaultTrouble = AwsTrouble extends infer One
  ? One extends unknown
    ? Omit<One, 'fault'>
    : never
  : never;

/** Disturbs the calls that `matches` names, some of them where `probability` is below 1. */
export function disturbAws(
  { aws }: World,
  fault: FaultId,
  options: {
    readonly matches: (call: AwsCall) => boolean;
    readonly probability: number;
    readonly random: Random;
    readonly trouble: () => AwsFaultTrouble;
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

type CrispFaultTrouble = CrispTrouble extends infer One
  ? One extends unknown
    ? Omit<One, 'fault'>
    : never
  : never;

/** Disturbs Crisp's answers: to all requests, or to those that `matches` names; some of them below probability 1. */
export function disturbCrisp(
  { crisp }: World,
  fault: FaultId,
  options: {
    readonly matches?: (call: CrispCall) => boolean;
    readonly probability: number;
    readonly random: Random;
    readonly trouble: (call: CrispCall) => CrispFaultTrouble;
  },
): () => void {
  const { matches = () => true, probability, random, trouble } = options;
  return crisp.disturbances.add((call) =>
    // A trouble and the fault that it is of.
    matches(call) && random.chance(probability) ? ({ ...trouble(call), fault } as CrispTrouble) : undefined,
  );
}

/** An error in Crisp's own envelope. */
export function refusal(status: number, reason: string, headers: Record<string, string> = {}): CrispReply {
  return { ...toReply({ status, reason, data: {} }), headers };
}

/** The trouble of answering something else. */
export function answering(answer: () => CrispReply): CrispFaultTrouble {
  return { kind: 'answer', answer };
}

/** All requests, or those about one session, in which something happens just then: it is to blame for itself. */
export function drawScope(world: World, random: Random): (call: CrispCall) => boolean {
  const blamed = random.chance(0.5) ? pickSessionKey(world, random) : undefined;
  const conversation = world.crisp.store.find(blamed ?? '');
  if (conversation && currentState(conversation).fields) say(world, conversation, random);
  return ({ sessionKey }) => blamed === undefined || sessionKey === blamed;
}

/** Only what concerns one of the sessions that there are; undefined while there is none. */
export function pickSessionKey({ crisp }: World, random: Random): string | undefined {
  const { conversations } = crisp.store;
  return conversations.length === 0 ? undefined : random.pick(conversations).key;
}

export type FaultId = `F${number}`;

/** A fault that can exist in the world. */
export interface Fault {
  readonly id: FaultId;
  readonly title: string;
  /** How long it lasts, at least and at most; by default seconds to a quarter of an hour. */
  readonly lastsMs?: readonly [number, number];
  /** Begins it; the function that is returned ends it. */
  inject(world: World, random: Random): () => void;
}

/** One that cannot: it belongs to a part that is not in the world. */
export interface AbsentFault {
  readonly id: FaultId;
  readonly title: string;
  readonly why: string;
  /** The test that covers it instead. */
  readonly coveredBy: string;
}

export const SECOND = 1000;
export const MINUTE = 60 * SECOND;
export const HOUR = 60 * MINUTE;

/** For a fault that is over as soon as it is done. */
export function nothingToEnd(): void {}

/** Notes that something other than an answer of Crisp's is disturbed from now on. */
export function noteFault({ recorder }: World, fault: FaultId, place: string): void {
  recorder.note({ type: 'fault-injected', fault, place });
}
