import type { Observation } from './observation.ts';

const NEEDS_HOOKS = 'needs real hooks: compare the log of the webhook';

/** What stays open after a live look, and why. */
export const UNTRIED_QUESTIONS: readonly Observation[] = [
  ['how long Crisp waits for the answer to a hook, how often and when it repeats one', NEEDS_HOOKS],
  ['whether a hook that fails is switched off, and whether hooks keep an order', NEEDS_HOOKS],
  ['whether a repeated hook has a new timestamp and signature', NEEDS_HOOKS],
  ['whether website hooks are repeated', NEEDS_HOOKS],
  ['unit of X-Crisp-Request-Timestamp (both are read)', NEEDS_HOOKS],
  ['whether the signed bytes are the ones sent', NEEDS_HOOKS],
  ['events and X-Crisp-Hook-Origin of website hooks', NEEDS_HOOKS],
  ['when the daily quota begins anew, and whether cached answers count', 'a quota is not spent for a test'],
  ['whether global limits hold for website tokens', 'limits are not provoked'],
  ['addresses that Crisp calls from', 'no request of ours can tell'],
  ['how long the addresses of files live', 'addresses within conversations are never fetched'],
  ['api.eu.crisp.chat', 'no official source names it'],
].map(([question = '', answer = '']) => ({ question, outcome: 'not_tried', answer }));
