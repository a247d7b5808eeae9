import type { Random } from '../../../lib/local/simulator/random.ts';
import { say } from '../workload.ts';
import { type AwsCall, type AwsTrouble, toAwsError, toSocketError } from '../world/aws/call.ts';
import { type Conversation, currentState } from '../world/crisp-store.ts';
import {
  type CrispAnswer,
  type CrispCall,
  type CrispReply,
  type CrispTrouble,
  toReply,
} from '../world/fake-crisp.ts';
import type { DeliveryTrouble } from '../world/hooks.ts';
import type { World } from '../world/world.ts';

type WithoutFault<Trouble> = Trouble extends unknown ? Omit<Trouble, 'fault'> : never;

/** What a fault does to the calls that match. */
export interface AwsPlan {
  readonly matches: (call: AwsCall) => boolean;
  readonly trouble: () => WithoutFault<AwsTrouble>;
}

/** Where `probability` is a list, one of it holds for the whole fault. */
interface FaultOptions extends Pick<Fault, 'lastsMs'> {
  readonly probability: number | readonly number[];
}

/** A fault of calls to AWS. */
export function awsFault(
  id: FaultId,
  title: string,
  { probability, ...options }: FaultOptions,
  plan: (world: World, random: Random) => AwsPlan,
): Fault {
  return {
    ...{ id, title, ...options },
    inject: (world, random) => disturbAws(world, id, { random, ...plan(world, random), probability }),
  };
}

/** Disturbs the calls that `matches` names, some of them where `probability` is below 1. */
export function disturbAws(
  { aws }: World,
  fault: FaultId,
  { matches, trouble, random, probability }: AwsPlan & FaultOptions & { readonly random: Random },
): () => void {
  const chance = drawProbability(probability, random);
  return aws.add((call) =>
    // A trouble and the fault that it is of.
    matches(call) && random.chance(chance) ? ({ ...trouble(), fault } as AwsTrouble) : undefined,
  );
}

function drawProbability(probability: FaultOptions['probability'], random: Random): number {
  return typeof probability === 'number' ? probability : random.pick(probability);
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

/** What a fault does to the requests that match, by default to all: another answer, or another trouble. */
type CrispPlan = { readonly matches?: (call: CrispCall) => boolean } & (
  | { readonly answer: (truth: CrispAnswer, call: CrispCall) => CrispReply }
  | { readonly trouble: (call: CrispCall) => WithoutFault<CrispTrouble> }
);

/** A fault of Crisp's; without a plan there is nothing that it could strike. */
export function crispFault(
  id: FaultId,
  title: string,
  { probability, ...options }: FaultOptions,
  plan: (world: World, random: Random) => CrispPlan | undefined,
): Fault {
  return {
    ...{ id, title, ...options },
    inject(world, random) {
      const planned = plan(world, random);
      return planned && disturbCrisp(world, id, { random, probability, ...planned });
    },
  };
}

export function disturbCrisp(
  { crisp }: World,
  fault: FaultId,
  { random, probability, matches, ...plan }: CrispPlan & FaultOptions & { readonly random: Random },
): () => void {
  const chance = drawProbability(probability, random);
  return crisp.disturbances.add((call) => {
    if (matches?.(call) === false || !random.chance(chance)) return undefined;
    if ('answer' in plan) return { fault, kind: 'answer', answer: (truth) => plan.answer(truth, call) };
    // A trouble and the fault that it is of.
    return { ...plan.trouble(call), fault } as CrispTrouble;
  });
}

/** A fault of Crisp's deliveries. */
export function hookFault(
  id: FaultId,
  title: string,
  trouble: (world: World, random: Random) => DeliveryTrouble | undefined,
): Fault {
  const inject: Fault['inject'] = (world, random) =>
    world.hooks.disturbances.add(() => {
      const found = trouble(world, random);
      return found && { ...found, fault: id };
    });
  return { id, title, inject };
}

/** An error in Crisp's own envelope. */
export function refusal(status: number, reason: string, headers: Record<string, string> = {}): CrispReply {
  return { ...toReply({ status, reason, data: {} }), headers };
}

/** All requests, or those about one session, in which something happens just then: it is to blame for itself. */
export function drawScope(world: World, random: Random): (call: CrispCall) => boolean {
  const blamed = random.chance(0.5) ? pickSessionKey(world, random) : undefined;
  sayIfAlive(world, world.crisp.store.find(blamed ?? ''), random);
  return ({ sessionKey }) => blamed === undefined || sessionKey === blamed;
}

/** Something happens in a conversation just then, unless it is gone. */
export function sayIfAlive(world: World, conversation: Conversation | undefined, random: Random): void {
  if (conversation && currentState(conversation).fields) say(world, conversation, random);
}

/** A conversation that is not gone. */
export function pickAlive(world: World, random: Random): Conversation | undefined {
  const conversation = world.crisp.store.find(pickSessionKey(world, random) ?? '');
  return conversation && currentState(conversation).fields ? conversation : undefined;
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
  /** Begins it; the function that is returned ends it: without one it is over as soon as it is done. */
  inject(world: World, random: Random): (() => void) | undefined;
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

/** Notes that something other than an answer of Crisp's is disturbed from now on. */
export function noteFault({ recorder }: World, fault: FaultId, place: string): void {
  recorder.note({ type: 'fault-injected', fault, place });
}
