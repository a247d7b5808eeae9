import { countSpareCalls } from '../ledger/quota-notes.ts';
import type { DeadLetterContext } from './context.ts';

/** Of a full fetch with one page: conversation, messages, profile. */
export const CALLS_OF_A_FETCH = 3;

/** Plans fetches with the day's spare calls; resolves with how many were granted. Without the ledger all are. */
export async function planFetches(
  { quota, clock }: Pick<DeadLetterContext, 'quota' | 'clock'>,
  fetches: number,
): Promise<number> {
  const calls = fetches * CALLS_OF_A_FETCH;
  const granted = await quota.plan(calls, clock.nowMs()).catch(() => calls);
  return Math.floor(granted / CALLS_OF_A_FETCH);
}

/** Whether so many fetches could be planned now, all of them. */
export async function areSpare(
  { quota, clock }: Pick<DeadLetterContext, 'quota' | 'clock'>,
  fetches: number,
): Promise<boolean> {
  const day = await quota.read(clock.nowMs()).catch(() => undefined);
  return day === undefined || countSpareCalls(day, clock.nowMs()) >= fetches * CALLS_OF_A_FETCH;
}
