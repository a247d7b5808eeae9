import { describeAnswer } from './describe-answer.ts';
import type { Observation } from './observation.ts';
import type { SurveyAnswer } from './survey-answer.ts';

/** What the first page of a numbered list tells of its paging; undefined where it was not asked. */
export function observeList(name: string, answer: SurveyAnswer | undefined): Observation {
  const question = `${name}: entries of a page, and 206 while there are more`;
  if (!answer) return { question, outcome: 'not_tried', answer: 'no conversation or profile to try it on' };
  if (answer.outcome === 'failure') return { question, outcome: 'not_seen', answer: describeAnswer(answer) };
  const entries = Array.isArray(answer.data) ? answer.data.length : 0;
  // Only a page that is not the last one has its full size.
  return {
    question,
    outcome: answer.hasMore ? 'seen' : 'not_seen',
    answer: answer.hasMore
      ? `206 with ${entries} entries`
      : `${answer.status} with ${entries} entries, which may be all`,
  };
}
