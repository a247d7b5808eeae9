import type { DeadLetterFilter } from '../../core/dead-letter/dead-letter-filter.ts';
import { type SessionRef, toSessionKey } from '../../core/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { RedriveNotes } from '../../ports/redrive-notes.ts';
import { inLanes } from './in-lanes.ts';
import { createRedriveLimit } from './limit-redrives.ts';
import type { DeadLetterList, ListDeadLetters } from './list-dead-letters.ts';

export interface SurveyRedriveDependencies {
  readonly list: ListDeadLetters;
  readonly redriveNotes: RedriveNotes;
  readonly clock: Clock;
}

export interface SurveyRedriveOptions {
  readonly filter: DeadLetterFilter;
  readonly maxRedrives: number;
  readonly max?: number | undefined;
  readonly signal: AbortSignal;
}

/** What a redrive would have before it. */
export interface RedriveSurvey extends DeadLetterList {
  /** Of the messages that match, each once. */
  readonly sessions: readonly SessionRef[];
  /** How many of those sessions were redriven too often already. */
  readonly exhausted: number;
  /** Messages that match and name no session. */
  readonly unreadable: number;
}

export type SurveyRedrive = ReturnType<typeof createSurveyRedrive>;

const LANES = 16;

/** Looks at what a redrive would move, and moves nothing. */
export function createSurveyRedrive({ list, redriveNotes, clock }: SurveyRedriveDependencies) {
  return async ({ maxRedrives, ...options }: SurveyRedriveOptions): Promise<RedriveSurvey> => {
    const limit = createRedriveLimit({ notes: redriveNotes, clock }, maxRedrives);
    const sessions = new Map<string, SessionRef>();
    let unreadable = 0;
    const found = await list({
      ...options,
      async onLetter({ session }) {
        if (session) sessions.set(toSessionKey(session), session);
        else unreadable += 1;
      },
    });

    let exhausted = 0;
    await inLanes(sessions.values(), LANES, async (session) => {
      if (!(await limit.mayRedrive(session))) exhausted += 1;
    });
    const ledgerFailure = found.ledgerFailure ?? limit.failure();
    return { ...found, sessions: [...sessions.values()], exhausted, unreadable, ledgerFailure };
  };
}
