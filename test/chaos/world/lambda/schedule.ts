import type { Context, ScheduledEvent } from 'aws-lambda';
import type { VirtualClock } from '../../../support/virtual-clock.ts';
import type { Recorder } from '../recorder.ts';
import type { FunctionPool } from './function-pool.ts';
import { invoke } from './invoke.ts';

export type ProbeHandler = (event: ScheduledEvent, context: Context) => Promise<void>;

export interface ScheduleDeps {
  readonly clock: VirtualClock;
  readonly recorder: Recorder;
  readonly pool: FunctionPool<ProbeHandler>;
}

export interface Schedule {
  /** False: EventBridge has been told to stop. */
  isOn: boolean;
  stop(): void;
}

// infra/functions.yml: rate(1 minute).
const EVERY_MS = 60_000;
const TIMEOUT_MS = 60_000;

/** EventBridge: invokes the probe every minute. */
export function createSchedule({ clock, recorder, pool }: ScheduleDeps): Schedule {
  let cancel = clock.schedule(clock.nowMs() + EVERY_MS, tick);
  const schedule: Schedule = { isOn: true, stop: () => cancel() };
  return schedule;

  function tick(): void {
    cancel = clock.schedule(clock.nowMs() + EVERY_MS, tick);
    if (schedule.isOn) void run();
  }

  async function run(): Promise<void> {
    const warm = await pool.acquire();
    if (!warm) return;
    await invoke(warm.instance, (context) => warm.handler(EVENT, context), {
      clock,
      recorder,
      timeoutMs: TIMEOUT_MS,
    });
    pool.release(warm);
  }
}

// The probe reads nothing of it.
const EVENT = {} as ScheduledEvent;
