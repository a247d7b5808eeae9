import { ABSENT_FAULTS } from './absent-faults.ts';
import { CLOCK_FAULTS } from './clock-and-signature.ts';
import { CONSUMER_FAULTS } from './consumer.ts';
import { CREDENTIAL_FAULTS } from './credentials.ts';
import { ANSWER_FAULTS } from './crisp-answers.ts';
import { AVAILABILITY_FAULTS } from './crisp-availability.ts';
import { DEAD_LETTER_FAULTS } from './dead-letters.ts';
import type { AbsentFault, Fault } from './fault.ts';
import { INGRESS_FAULTS } from './ingress.ts';
import { PLATFORM_FAULTS } from './platform.ts';
import { POISON_FAULTS } from './poisoned.ts';

/** The faults that a run may inject. */
export const FAULTS: readonly Fault[] = [
  ...INGRESS_FAULTS,
  ...CLOCK_FAULTS,
  ...CONSUMER_FAULTS,
  ...AVAILABILITY_FAULTS,
  ...ANSWER_FAULTS,
  ...CREDENTIAL_FAULTS,
  ...DEAD_LETTER_FAULTS,
  ...PLATFORM_FAULTS,
  ...POISON_FAULTS,
];

/** The whole catalogue, by number. */
export const CATALOGUE: readonly (Fault | AbsentFault)[] = [...FAULTS, ...ABSENT_FAULTS].toSorted(
  (a, b) => toNumber(a) - toNumber(b),
);

function toNumber({ id }: { readonly id: string }): number {
  return Number(id.slice(1));
}
