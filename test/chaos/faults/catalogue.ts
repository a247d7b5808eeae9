import { ANSWER_FAULTS } from './answers.ts';
import { CONSUMER_FAULTS, PLATFORM_FAULTS } from './consumer.ts';
import { DEAD_LETTER_FAULTS } from './dead-letters.ts';
import type { AbsentFault, Fault } from './fault.ts';
import { CLOCK_FAULTS, CREDENTIAL_FAULTS, INGRESS_FAULTS } from './ingress.ts';
import { AVAILABILITY_FAULTS, POISON_FAULTS } from './refusals.ts';

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

/** What cannot exist in the world, and the test that covers it. */
export const ABSENT_FAULTS: readonly AbsentFault[] = [
  {
    id: 'F11',
    title: 'Slowloris, or half a body',
    why: 'A function gets whole requests; only the server of local mode meets slow ones.',
    coveredBy: 'test/local/front-door.test.ts',
  },
  {
    id: 'F25',
    title: 'A promise that is rejected after the answer',
    why: 'It would be a defect of ours, not of the world: every run checks that nothing is begun once an invocation has ended, and a rejection that nobody handles fails it.',
    coveredBy: 'test/chaos/chaos.test.ts',
  },
  {
    id: 'F29',
    title: 'A batch of more than 1 MiB or ten entries, or with an id twice',
    why: 'Only we make batches; what is asserted is that none of ours is like that.',
    coveredBy: 'test/queue/sessions-queue.test.ts',
  },
  {
    id: 'F55',
    title: 'Fifty thousand dead letters within a minute',
    why: 'A run has some dozens of messages; what so many need in memory is measured.',
    coveredBy: 'test/bench/dead-letters.test.ts',
  },
  {
    id: 'F56',
    title: 'Dead letters reach the end of their retention',
    why: 'What is kept for 14 days and then is not is the documented limit of the promise, so a run ends before; the expiry is shown, and two alarms tell in time.',
    coveredBy: 'test/dead-letters/peek.test.ts',
  },
  {
    id: 'F57',
    title: 'An outage outlasts the retention of the sessions queue',
    why: 'As for dead letters: after 14 days events are lost by definition, and two alarms tell in time.',
    coveredBy: 'test/package/package.test.ts',
  },
  {
    id: 'F66',
    title: 'State that one invocation leaves to the next',
    why: 'It needs no injection: the instances of every run stay warm, and the budget of requests is checked over all that they do.',
    coveredBy: 'test/chaos/chaos.test.ts',
  },
  {
    id: 'F68',
    title: 'The embedded AWS restarts, its port is taken, its folder cannot be written',
    why: 'The world has no process, port or folder of its own; local mode has.',
    coveredBy: 'test/local/start.test.ts',
  },
  {
    id: 'F69',
    title: 'SIGINT while local mode or a redrive runs',
    why: 'No signal reaches the world; a redrive that is ended in its midst is F51.',
    coveredBy: 'test/dead-letters/redrive.test.ts',
  },
  {
    id: 'F70',
    title: 'The disk is full',
    why: 'Only local mode keeps its queues on a disk.',
    coveredBy: 'test/local/aws/queue.test.ts',
  },
];

/** The whole catalogue, by number. */
export const CATALOGUE: readonly (Fault | AbsentFault)[] = [...FAULTS, ...ABSENT_FAULTS].toSorted(
  (a, b) => toNumber(a) - toNumber(b),
);

function toNumber({ id }: { readonly id: string }): number {
  return Number(id.slice(1));
}
