import type { Random } from '../../../lib/local/simulator/random.ts';
import type { World } from '../world/world.ts';

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
