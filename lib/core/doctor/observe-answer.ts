import { describeAnswer } from './describe-answer.ts';
import type { Observation } from './observation.ts';
import type { SurveyAnswer } from './survey-answer.ts';

/** What a route answered, as the answer to a question about it; undefined where it was not asked. */
export function observeAnswer(question: string, answer: SurveyAnswer | undefined): Observation {
  if (!answer) return { question, outcome: 'not_tried', answer: 'no conversation or profile to try it on' };
  const outcome = answer.status === undefined ? 'not_seen' : 'seen';
  return { question, outcome, answer: describeAnswer(answer) };
}
