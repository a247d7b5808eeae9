import type { CrispTier } from '../config/config.ts';
import { describeAnswer } from './describe-answer.ts';
import type { Observation } from './observation.ts';
import type { SurveyAnswer } from './survey-answer.ts';

/** What many answers together tell: of refusals, Crisp's cache, and the routes that a tier does not open. */
export function observeTraffic(answers: readonly SurveyAnswer[], tier: CrispTier): Observation[] {
  return [observeRefusals(answers), observeCache(answers), observeTier(answers, tier)];
}

function observeRefusals(answers: readonly SurveyAnswer[]): Observation {
  const question = 'status, reason and Retry-After of a refusal for haste or quota';
  const refusal = answers.find((it) => it.outcome === 'failure' && it.error.disposition === 'refused');
  if (!refusal)
    return { question, outcome: 'not_seen', answer: 'nothing was refused, and no limit is provoked' };
  const retryAfter = refusal.hasRetryAfter ? 'with' : 'without';
  return { question, outcome: 'seen', answer: `${describeAnswer(refusal)}, ${retryAfter} Retry-After` };
}

function observeCache(answers: readonly SurveyAnswer[]): Observation {
  const question = 'Bloom-Status of answers';
  const words = [...new Set(answers.map(({ cache }) => cache).filter((word) => word !== undefined))].sort();
  if (words.length === 0) return { question, outcome: 'not_seen', answer: 'no answer had the header' };
  return { question, outcome: 'seen', answer: words.join(', ') };
}

function observeTier(answers: readonly SurveyAnswer[], tier: CrispTier): Observation {
  const question = 'routes that are closed to tokens of tier website';
  if (tier !== 'website') return { question, outcome: 'not_tried', answer: `this token is of tier ${tier}` };
  const closed = answers.filter(({ reason }) => reason === 'restricted_route_tier').length;
  return { question, outcome: 'seen', answer: `${closed} of the ${answers.length} that were asked` };
}
