import type { Finding } from './finding.ts';

/** Another clock beside this machine's own. */
export interface ClockSample {
  /** Positive where the other one is ahead. */
  readonly offsetMs: number;
  /** By so much the offset may be wrong: `Date` headers have seconds, and answers take a while. */
  readonly uncertaintyMs: number;
}

// Half of the usual margin after a bucket, which is what the clocks of a stage may differ by.
const WARN_MS = 5_000;
// A usual bucket: jobs that are enqueued from here then fall into another one. AWS refuses signatures from 5 minutes on.
const FAIL_MS = 60_000;

/** Holds this machine's clock against that of `witness`; without a sample, nothing could be compared. */
export function judgeClock(witness: 'AWS' | 'Crisp', sample: ClockSample | undefined): Finding {
  const check = `clock against ${witness}`;
  if (!sample) return { check, state: 'skipped', message: `no answer of ${witness} told the time` };
  const { offsetMs, uncertaintyMs } = sample;
  const certainMs = Math.max(0, Math.abs(offsetMs) - uncertaintyMs);
  const seconds = Math.round(Math.abs(offsetMs) / 1000);
  if (certainMs < WARN_MS)
    return { check, state: 'ok', message: `within ${Math.max(1, seconds)} s of ${witness}` };
  return {
    check,
    state: certainMs < FAIL_MS ? 'warn' : 'fail',
    message: `this machine is ${seconds} s ${offsetMs > 0 ? 'behind' : 'ahead of'} ${witness}`,
    remedy: 'let the system set the time by itself (NTP), and run this again',
  };
}
