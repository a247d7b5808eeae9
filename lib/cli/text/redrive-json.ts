import type { RedriveResult } from '../../use-cases/dead-letters/redrive-dead-letters.ts';
import type { RedriveSurvey } from '../../use-cases/dead-letters/survey-redrive.ts';
import { toGroupJson } from './group-json.ts';
import { toHiddenJson, toLookJson } from './look-json.ts';

/** What a redrive would do, as programs read it. */
export function toSurveyJson(survey: RedriveSurvey) {
  const { matched, wouldMove, sessions, exhausted, exhaustedMessages, unreadable, groups } = survey;
  return {
    matched,
    would_move: wouldMove,
    sessions: sessions.length - exhausted,
    would_stay: matched - wouldMove,
    exhausted_sessions: exhausted,
    exhausted_messages: exhaustedMessages,
    unreadable,
    groups: groups.map(toGroupJson),
    ...toLookJson(survey),
  };
}

/** What a redrive did, as programs read it. */
export function toRedriveJson(result: RedriveResult) {
  switch (result.by) {
    case 'nothing':
      return { by: result.by, moved: 0, ...toLookJson(result) };
    case 'move-task': {
      const { by, moved, left, arrived, wasCancelled, unseen } = result;
      return { by, moved, left, new: arrived, cancelled: wasCancelled, ...toHiddenJson(unseen) };
    }
    case 'enqueue': {
      const { by, moved, duplicated, failed, exhausted, unreadable, interrupted, arrived } = result;
      const left = duplicated + failed + exhausted + unreadable + interrupted;
      const why = { duplicated, failed, redrive_exhausted: exhausted, unreadable, interrupted };
      return { by, moved, left, new: arrived, ...why, ...toLookJson(result) };
    }
    default:
      return result satisfies never;
  }
}
