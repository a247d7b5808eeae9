import { type DeadLetterFilter, isUnfiltered } from '../../core/dead-letter/dead-letter-filter.ts';
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

/** A session with the number of its dead letters. */
export interface RedriveSession extends SessionRef {
  readonly messages: number;
}

/** What a redrive would have before it. */
export interface RedriveSurvey extends DeadLetterList {
  /** Of the messages that match, each session once. */
  readonly sessions: readonly RedriveSession[];
  /** How many of those sessions were redriven too often already. */
  readonly exhausted: number;
  /** The messages of those sessions. */
  readonly exhaustedMessages: number;
  /** Messages that match and name no session. */
  readonly unreadable: number;
  /** Messages that a redrive would move: what would stay is left out. */
  readonly wouldMove: number;
}

export type SurveyRedrive = ReturnType<typeof createSurveyRedrive>;

const LANES = 16;

/** Looks at what a redrive would move, and moves nothing. */
export function createSurveyRedrive({ list, redriveNotes, clock }: SurveyRedriveDependencies) {
  return async ({ maxRedrives, ...options }: SurveyRedriveOptions): Promise<RedriveSurvey> => {
    const limit = createRedriveLimit({ notes: redriveNotes, clock }, maxRedrives);
    const sessions = new Map<string, RedriveSession>();
    let unreadable = 0;
    const found = await list({
      ...options,
      async onLetter({ session }) {
        if (session) addMessage(sessions, session);
        else unreadable += 1;
      },
    });

    let [exhausted, exhaustedMessages] = [0, 0];
    await inLanes(sessions.values(), LANES, async (session) => {
      if (await limit.mayRedrive(session)) return;
      exhausted += 1;
      exhaustedMessages += session.messages;
    });
    const isWhole = isUnfiltered(options.filter) && options.max === undefined && exhausted === 0;
    return {
      ...found,
      sessions: [...sessions.values()],
      exhausted,
      exhaustedMessages,
      unreadable,
      // SQS moves a whole queue; one by one those alone can be moved that name a session.
      wouldMove: isWhole ? found.matched : found.matched - exhaustedMessages - unreadable,
      ledgerFailure: found.ledgerFailure ?? limit.failure(),
    };
  };
}

/** Counts one more dead letter of a session. */
export function addMessage(
  sessions: Map<string, RedriveSession>,
  { websiteId, sessionId }: SessionRef,
): void {
  const key = toSessionKey({ websiteId, sessionId });
  sessions.set(key, { websiteId, sessionId, messages: (sessions.get(key)?.messages ?? 0) + 1 });
}
