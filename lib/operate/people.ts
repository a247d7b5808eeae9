import {
  type ChangedPerson,
  forgetChanged,
  listChangedPeople,
  listPersonsSessions,
  noteProgress,
} from '../ledger/people-notes.ts';
import type { LedgerTableDeps } from '../ledger/table.ts';
import { createPace } from '../queue/pace.ts';
import { type EnqueueContext, enqueueStep, isBusy, type StepEnd } from './enqueue-step.ts';

/** What enqueues the conversations of people whose profile changed. */
export interface PeopleContext extends EnqueueContext {
  readonly ledger: LedgerTableDeps;
}

export interface PeopleReport {
  /** Of whom all conversations are enqueued. */
  readonly people: number;
  /** The others, which the ledger keeps for the next run. */
  readonly waiting: number;
  readonly enqueued: number;
  /** `busy`: the consumer has much to do already. */
  readonly ended: StepEnd | 'complete' | 'busy';
}

/** Of one person in one run, so that nobody waits for a person with thousands. */
const MOST_OF_A_PERSON = 50;

/**
 * Enqueues, as full fetches, the conversations of the last 30 days of everyone whose profile changed or was removed, at the
 * pace and within the spare calls of a sweep. What does not fit stays in the ledger: the next run goes on behind the last
 * conversation that was enqueued. Rejects with `ledger_failed`, or as the queue does.
 */
export async function refreshPeople(context: PeopleContext, signal: AbortSignal): Promise<PeopleReport> {
  const changed = await listChangedPeople(context.ledger);
  let report: PeopleReport = { people: 0, waiting: changed.length, enqueued: 0, ended: 'complete' };
  if (changed.length === 0) return report;
  if (await isBusy(context)) return { ...report, ended: 'busy' };
  const pace = createPace(context.fetchesPerSecond, context.clock);

  for (const person of changed) {
    // One of whom nothing is known is done without a step that would end the run.
    if (signal.aborted) return { ...report, ended: 'interrupted' };
    const isDone = await refreshPerson(person);
    if (report.ended !== 'complete') break;
    if (isDone) report = { ...report, people: report.people + 1, waiting: report.waiting - 1 };
  }
  return report;

  /** Resolves with whether nothing of the person's is left. */
  async function refreshPerson(person: ChangedPerson): Promise<boolean> {
    const { ledger, clock } = context;
    const look = { after: person.after, limit: MOST_OF_A_PERSON + 1, nowMs: clock.nowMs() };
    const found = await listPersonsSessions(ledger, person, look);
    const sessions = found
      .slice(0, MOST_OF_A_PERSON)
      .map((sessionId) => ({ websiteId: person.websiteId, sessionId }));
    for (let start = 0; start < sessions.length; start += pace.step) {
      const step = sessions.slice(start, start + pace.step);
      const { queued, ended } = await enqueueStep(context, step, { pace, signal });
      report = { ...report, enqueued: report.enqueued + queued, ended: ended ?? report.ended };
      const last = step[queued - 1];
      // Of those that the queue refused, the first may be any: the step is repeated.
      if (last && ended !== 'failed') await noteProgress(ledger, person, last.sessionId);
      if (ended) return false;
    }
    if (found.length > sessions.length) return false;
    await forgetChanged(ledger, person);
    return true;
  }
}
