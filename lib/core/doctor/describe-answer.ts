import type { SurveyAnswer } from './survey-answer.ts';

/** Status and reason of an answer, e.g. `404 session_not_found`. */
export function describeAnswer(answer: SurveyAnswer): string {
  const { status, reason } = answer;
  if (status !== undefined) return [status, reason].filter(Boolean).join(' ');
  return answer.outcome === 'failure' ? answer.error.reason : 'no answer';
}
