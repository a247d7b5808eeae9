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
 * Weighs a failure. Credentials, limits and an outage are never the session's own, whoever is blamed for them; nor is a
 * conversation that is not there, or work that the function's deadline kept from being begun.
 */
export function weighFailure(error: JobError, { blame, hasStarted }: FailedWork): FailureCost {
  switch (error.disposition) {
    case 'permanent':
      return 'permanent';
    case 'refused':
    case 'outage':
    case 'missing':
      return 'excused';
    case 'transient':
      if (error.code === 'deadline_reached' && !hasStarted) return 'excused';
      return blame === 'session' ? 'own' : 'excused';
    default:
      return error.disposition satisfies never;
  }
}
