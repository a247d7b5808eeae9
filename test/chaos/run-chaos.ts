import { createRandom, type Random } from '../../lib/local/simulator/random.ts';
import { drawServerError } from './faults/aws-fault.ts';
import { redriveAll, redriveSelected } from './faults/dead-letters.ts';
import { type FaultId, HOUR, MINUTE } from './faults/fault.ts';
import type { History } from './oracle/history.ts';
import type { Terms } from './oracle/terms.ts';
import { planRun, type RunPlan, type Weather } from './plan-run.ts';
import { drawSettings } from './workload/draw-settings.ts';
import { playWorkload } from './workload/play-workload.ts';
import { toTerms } from './world/settings.ts';
import { createWorld, type World } from './world/world.ts';

export interface ChaosRun {
  readonly history: History;
  readonly terms: Terms;
  readonly figures: ChaosFigures;
}

/** What happened in a run, beside what the oracle counts. */
export interface ChaosFigures {
  readonly faults: readonly FaultId[];
  readonly kills: number;
  readonly virtualHours: number;
  /** Times the breaker or an operator closed the tap. */
  readonly closings: number;
  /** Dead letters that were sent again. */
  readonly redriven: number;
  /** False where something was still under way after days of calm. */
  readonly isQuiet: boolean;
  /** Why the tap stayed closed in calm, until a person opened it; undefined where it did not, or was meant to. */
  readonly stuckFor: string | undefined;
  /** What code of ours did while Lambda would have frozen it. */
  readonly oddities: readonly string[];
}

export interface ChaosOptions {
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
  const isQuietAgain = await world.settle(2 * 24 * HOUR);
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
      clock.schedule(settings.startMs + untilMs, end);
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

/** Long enough for every wait that there is. Only a run of removals may close the tap for as long as nobody looks. */
async function comeToRest(world: World): Promise<{ isQuiet: boolean; stuckFor: string | undefined }> {
  if (await world.settle(12 * HOUR)) return { isQuiet: true, stuckFor: undefined };
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
    closings: count((event) => event.type === 'tap-turned' && event.to === 'off'),
    redriven: count((event) => event.type === 'message-sent' && event.by === 'redrive'),
    oddities,
  };
}
