import type { JobError } from '../errors/job-error.ts';
import type { Blame } from './blame.ts';

/**
 * What a failure costs the message. `permanent`: trying again cannot help. `own`: one attempt. `excused`: nothing, the
 * message is not to blame.
 */
export type FailureCost = 'permanent' | 'own' | 'excused';

export interface FailedWork {
  readonly blame: Blame;
  /** True once a request for this message was sent to Crisp. */
  readonly hasStarted: boolean;
}

/**
 * Weighs a failure by whom the breaker blames. What one session alone meets while others are served is its own, whatever
 * Crisp calls it; what others meet as well spends nothing. A verdict that nobody has confirmed yet is tried again. Never
 * the session's own are a conversation that is not there, and work that the function's deadline kept from being begun.
 */
export function weighFailure(error: JobError, { blame, hasStarted }: FailedWork): FailureCost {
  switch (error.disposition) {
    case 'permanent':
      return blame === 'session' ? 'permanent' : toCost(blame);
    case 'missing':
      return 'excused';
    case 'refused':
    case 'outage':
    case 'transient':
      if (error.code === 'deadline_reached' && !hasStarted) return 'excused';
      return toCost(blame);
    default:
      return error.disposition satisfies never;
  }
}

function toCost(blame: Blame): FailureCost {
  return blame === 'session' || blame === 'unconfirmed' ? 'own' : 'excused';
}
