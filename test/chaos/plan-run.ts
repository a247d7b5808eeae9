import type { Random } from '../../lib/local/simulator/random.ts';
import { FAULTS } from './faults/catalogue.ts';
import { type Fault, type FaultId, MINUTE, SECOND } from './faults/fault.ts';
import type { AwsService } from './world/aws/aws-call.ts';

/** A fault, and when it begins and ends; ms after the start of the run. */
export interface PlannedFault {
  readonly fault: Fault;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How likely a call to AWS is to have a small trouble of its own; undefined `service`: to any of them. */
export interface Weather {
  readonly service: AwsService | undefined;
  readonly probability: number;
}

/** What is to happen in a run beside its traffic. */
export interface RunPlan {
  readonly faults: readonly PlannedFault[];
  /** How likely an instance is to die at any point at which it waits; and at most how many do. */
  readonly reaper: { readonly probability: number; readonly mostKills: number };
  readonly weather: Weather;
  /** An operator pauses the consumer; ms after the start. */
  readonly pause: { readonly fromMs: number; readonly untilMs: number } | undefined;
  /** What the operator does with what is dead when all is calm. */
  readonly redrive: 'all' | 'selected' | 'none';
}

const USUAL_LENGTH_MS = [10 * SECOND, 15 * MINUTE] as const;

/** Draws a plan for a run whose traffic lasts `lengthMs`; with `only`, of exactly these faults. */
export function planRun(random: Random, lengthMs: number, only?: readonly FaultId[]): RunPlan {
  const faults = only
    ? FAULTS.filter(({ id }) => only.includes(id))
    : random.shuffle(FAULTS).slice(0, drawCount(random));
  const isDeadly = random.chance(0.4);
  return {
    faults: faults.map((fault) => planFault(fault, random, lengthMs)),
    reaper: { probability: isDeadly ? random.pick([0.002, 0.01]) : 0, mostKills: random.integer(1, 8) },
    weather: drawWeather(random),
    pause: random.chance(0.12) ? drawPeriod(random, lengthMs, [MINUTE, 60 * MINUTE]) : undefined,
    redrive: random.pick(['all', 'selected', 'none']),
  };
}

function drawCount(random: Random): number {
  return random.pick([0, 1, 1, 2, 2, 2, 3, 3, 4]);
}

function drawWeather(random: Random): Weather {
  if (random.chance(0.4)) return { service: undefined, probability: 0 };
  if (random.chance(0.5)) return { service: undefined, probability: random.pick([0.005, 0.03]) };
  const service = random.pick(['s3', 'sns', 'sns', 'sqs', 'dynamodb', 'lambda'] as const);
  return { service, probability: random.pick([0.1, 0.3]) };
}

function planFault(fault: Fault, random: Random, lengthMs: number): PlannedFault {
  return { fault, ...drawPeriod(random, lengthMs, fault.lastsMs ?? USUAL_LENGTH_MS) };
}

/** Short periods are as likely as long ones. */
function drawPeriod(random: Random, lengthMs: number, [shortest, longest]: readonly [number, number]) {
  const fromMs = random.integer(0, lengthMs);
  const lastsMs = Math.round(shortest * (longest / shortest) ** random.next());
  return { fromMs, untilMs: fromMs + lastsMs };
}
