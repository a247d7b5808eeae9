import type { Random } from '../../../lib/local/simulator/random.ts';
import { say } from '../workload/crisp-actions.ts';
import { currentState } from '../world/crisp/conversation.ts';
import type { CrispCall, CrispTrouble } from '../world/crisp/crisp-call.ts';
import { type CrispReply, toReply } from '../world/crisp/crisp-call.ts';
import type { World } from '../world/world.ts';
import type { FaultId } from './fault.ts';

type Trouble = CrispTrouble extends infer One ? (One extends unknown ? Omit<One, 'fault'> : never) : never;

/** Disturbs Crisp's answers: to all requests, or to those that `matches` names; some of them below probability 1. */
export function disturbCrisp(
  { crisp }: World,
  fault: FaultId,
  options: {
    readonly matches?: (call: CrispCall) => boolean;
    readonly probability: number;
    readonly random: Random;
    readonly trouble: (call: CrispCall) => Trouble;
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
export function answering(answer: () => CrispReply): Trouble {
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
