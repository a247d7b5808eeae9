import type { Finding } from './finding.ts';

export interface AccountConcurrency {
  /** Of the account in this region. */
  readonly limit: number;
  /** What of it no function has reserved. */
  readonly unreserved: number;
}

// Besides the consumer one for the probe, and one for the webhook that answers Crisp.
const OTHERS = 2;
// A webhook takes a few milliseconds for each hook, so a handful of instances carries a large workspace.
const COMFORTABLE = 10;

/** Whether webhook, consumer and probe have room beside each other. A webhook without room answers 429, and hooks are lost. */
export function judgeConcurrency(
  { limit, unreserved }: AccountConcurrency,
  consumerConcurrency: number,
): Finding {
  const message = `${unreserved} of ${limit} concurrent executions are free to use, ${consumerConcurrency} of them by the consumer`;
  const check = 'account limits';
  if (unreserved >= consumerConcurrency + COMFORTABLE) return { check, state: 'ok', message };
  return {
    check,
    state: unreserved < consumerConcurrency + OTHERS ? 'fail' : 'warn',
    message,
    remedy: 'ask AWS for more under Service Quotas, Lambda, "Concurrent executions" (L-B99A9384)',
  };
}
