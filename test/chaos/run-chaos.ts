import { createRandom, type Random } from '../../lib/local/simulator/random.ts';
import { FAULTS } from './faults/catalogue.ts';
import { redriveAll, redriveSelected } from './faults/dead-letters.ts';
import { drawServerError, type Fault, type FaultId, HOUR, MINUTE, SECOND } from './faults/fault.ts';
import type { History, Terms, Violation } from './oracle/history.ts';
import { type Figures, judge } from './oracle/judge.ts';
import { drawSettings, playWorkload } from './workload.ts';
import type { AwsService } from './world/aws/call.ts';
import { toTerms } from './world/settings.ts';
import { createWorld, type World } from './world/world.ts';

/** What is left of a run once it was judged: few enough bytes to be sent from one thread to another. */
export interface JudgedRun {
  readonly run: number;
  readonly violations: readonly Violation[];
  readonly figures: ChaosFigures & Figures;
  /** Every event as a line; only where it was asked for. */
  readonly trace?: readonly string[];
}

export interface JudgedRunOptions {
  readonly faults?: readonly FaultId[] | undefined;
  readonly trace?: boolean;
}

/** Run `run` of the series that `seed` names, judged. */
export async function runJudged(
  seed: number,
  run: number,
  { faults, trace = false }: JudgedRunOptions = {},
): Promise<JudgedRun> {
  const { history, terms, figures } = await runChaos(toRunSeed(seed, run), { faults });
  const verdict = judge(history, terms);
  return {
    run,
    violations: [...verdict.violations, ...toWorldViolations(figures, history.at(-1)?.atMs ?? 0)],
    figures: { ...figures, ...verdict.figures },
    ...(trace && { trace: history.map((event) => JSON.stringify(event)) }),
  };
}

/** Runs of a series have nothing in common with each other, nor with those of another series. */
export function toRunSeed(seed: number, run: number): number {
  let mixed = Math.imul(seed ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(run + 1, 0xc2b2ae35);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39);
  return (mixed ^ (mixed >>> 15)) >>> 0;
}

/** What the world alone can see: what came to no rest by itself, and code that ran where Lambda had frozen it. */
function toWorldViolations({ isQuiet, stuckFor, oddities }: ChaosFigures, atMs: number): Violation[] {
  const frozen = oddities.map(
    (oddity): Violation => ({ invariant: 'I5', atMs, text: `${oddity} was begun after the answer` }),
  );
  const stuck =
    stuckFor === undefined ? [] : [`the mapping stayed off (${stuckFor}) until a person opened it`];
  const restless = isQuiet ? [] : ['after two days of calm something is still under way'];
  const held = [...stuck, ...restless].map((text): Violation => ({ invariant: 'I9', atMs, text }));
  return [...frozen, ...held];
}

interface ChaosRun {
  readonly history: History;
  readonly terms: Terms;
  readonly figures: ChaosFigures;
}

/** What happened in a run, beside what the oracle counts. */
interface ChaosFigures {
  readonly faults: readonly FaultId[];
  readonly kills: number;
  readonly virtualHours: number;
  /** Times the breaker or an operator turned the mapping off. */
  readonly closings: number;
  /** Dead letters that were sent again. */
  readonly redriven: number;
  /** False where something was still under way after days of calm. */
  readonly isQuiet: boolean;
  /** Why the mapping stayed off in calm, until a person opened it; undefined where it did not, or was meant to. */
  readonly stuckFor: string | undefined;
  /** What code of ours did while Lambda would have frozen it. */
  readonly oddities: readonly string[];
}

interface ChaosOptions {
  /** Exactly these faults, instead of those that the seed draws. */
  readonly faults?: readonly FaultId[] | undefined;
}

/** One run: the same seed gives the same history, event by event. */
export async function runChaos(seed: number, { faults }: ChaosOptions = {}): Promise<ChaosRun> {
  const random = createRandom(seed).fork('chaos');
  const settings = drawSettings(seed, random.fork('settings'));
  const world = createWorld(settings);
  const workload = playWorkload(world, random.fork('workload'));
  const plan = planRun(random.fork('plan'), workload.endMs - settings.startMs, faults);

  const stormEndMs = Math.max(workload.endMs, unleash(world, plan, random));
  await world.advance(stormEndMs - settings.startMs);
  calm(world, plan);
  const { isQuiet, stuckFor } = await comeToRest(world);
  redrive(world, plan, random.fork('redrive'));
  const isQuietAgain = await world.settle(4 * 24 * HOUR);
  world.end();

  const figures = toFigures(world, plan);
  return {
    history: world.history,
    terms: toTerms(settings),
    figures: { ...figures, isQuiet: isQuiet && isQuietAgain, stuckFor },
  };
}

/** Schedules all that is planned; returns when the last of it is over. */
function unleash(world: World, plan: RunPlan, random: Random): number {
  const { clock, settings } = world;
  for (const { fault, fromMs, untilMs } of plan.faults) {
    clock.schedule(settings.startMs + fromMs, () => {
      const end = fault.inject(world, random.fork(fault.id));
      if (end) clock.schedule(settings.startMs + untilMs, end);
    });
  }
  reap(world, plan.reaper, random.fork('reaper'));
  makeWeather(world, plan.weather, random.fork('weather'));
  if (plan.pause) {
    const { fromMs, untilMs } = plan.pause;
    clock.schedule(
      settings.startMs + fromMs,
      () => void world.operator.run('pause', ({ pause }) => pause('a test')),
    );
    clock.schedule(
      settings.startMs + untilMs,
      () => void world.operator.run('resume', ({ resume }) => resume()),
    );
  }
  const ends = [...plan.faults, ...(plan.pause ? [plan.pause] : [])].map(({ untilMs }) => untilMs);
  // A moment more: what ends at that very moment has to have ended.
  return settings.startMs + Math.max(0, ...ends) + MINUTE;
}

/** Any instance may die at any await. */
function reap(world: World, { probability, mostKills }: RunPlan['reaper'], random: Random): void {
  if (probability === 0) return;
  let kills = 0;
  world.strikes.add(() => {
    if (kills >= mostKills || !random.chance(probability)) return undefined;
    kills += 1;
    return 'fault';
  });
}

/** Now and then a call to AWS is lost, late, or refused. */
function makeWeather(world: World, { service, probability }: Weather, random: Random): void {
  if (probability === 0) return;
  world.aws.add((call) => {
    if (service !== undefined && call.service !== service) return undefined;
    if (!random.chance(probability)) return undefined;
    return random.pick([
      () => ({ fault: 'weather', kind: 'lose-answer' }) as const,
      () => ({ fault: 'weather', kind: 'slow', delayMs: random.integer(100, 2000) }) as const,
      () => ({ fault: 'weather', kind: 'refuse', error: drawServerError(random) }) as const,
    ])();
  });
}

/** From here on nothing disturbs any more. */
function calm(world: World, { pause }: RunPlan): void {
  world.aws.clear();
  world.strikes.clear();
  world.crisp.disturbances.clear();
  world.hooks.disturbances.clear();
  world.mapping.troubles = {};
  // Whoever paused sees that the first attempt to resume did not work.
  if (pause) void world.operator.run('resume', ({ resume }) => resume());
}

/** Long enough for every wait that there is. Only a run of removals may turn the mapping off for as long as nobody looks. */
async function comeToRest(world: World): Promise<{ isQuiet: boolean; stuckFor: string | undefined }> {
  // A spent budget holds the queue to the end of the day, and what is left may need another one.
  const patienceMs = world.settings.dailyQuota === undefined ? 12 * HOUR : 4 * 24 * HOUR;
  if (await world.settle(patienceMs)) return { isQuiet: true, stuckFor: undefined };
  const code = world.mapping.state.name === 'Disabled' ? findOpening(world.history) : undefined;
  if (code !== undefined) void world.operator.run('resume', ({ resume }) => resume());
  const isQuiet = await world.settle(2 * 24 * HOUR);
  return { isQuiet, stuckFor: code === MEANT_TO_STAY ? undefined : code };
}

const MEANT_TO_STAY = 'too_many_removals';

/** The code for which the breaker opened last, by what it told. */
function findOpening(history: History): string {
  const told = history.findLast(
    (event) => event.type === 'line-written' && event.text.includes('breaker-opened'),
  );
  const [, code = 'unknown'] = /"code":"(\w+)/.exec(told?.type === 'line-written' ? told.text : '') ?? [];
  return code;
}

function redrive(world: World, { redrive: how }: RunPlan, random: Random): void {
  if (how === 'none' || world.deadLetters.queue.count().waiting === 0) return;
  void (how === 'all' ? redriveAll(world, 500) : redriveSelected(world, random));
}

function toFigures({ history, clock, settings, oddities }: World, plan: RunPlan) {
  const count = (matches: (event: History[number]) => boolean) => history.filter(matches).length;
  return {
    faults: plan.faults.map(({ fault }) => fault.id),
    kills: count(({ type }) => type === 'instance-killed'),
    virtualHours: (clock.nowMs() - settings.startMs) / HOUR,
    closings: count((event) => event.type === 'mapping-turned' && event.to === 'off'),
    redriven: count((event) => event.type === 'message-sent' && event.by === 'redrive'),
    oddities,
  };
}

/** A fault, and when it begins and ends; ms after the start of the run. */
interface PlannedFault {
  readonly fault: Fault;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** How likely a call to AWS is to have a small trouble of its own; undefined `service`: to any of them. */
interface Weather {
  readonly service: AwsService | undefined;
  readonly probability: number;
}

/** What is to happen in a run beside its traffic. */
interface RunPlan {
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
function planRun(random: Random, lengthMs: number, only?: readonly FaultId[]): RunPlan {
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
