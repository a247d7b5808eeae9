import { JobError } from '../../core/errors/job-error.ts';

/** How many requests may still be sent, over several clients. */
export interface CallBudget {
  /** Counts one request; throws `deadline_reached:call_budget` where it would be one too many. */
  spend(): void;
  readonly spent: number;
}

/** A budget of `max` requests. */
export function createCallBudget(max: number): CallBudget {
  let spent = 0;
  return {
    spend() {
      if (spent >= max) throw new JobError('deadline_reached', { detail: 'call_budget' });
      spent += 1;
    },
    get spent() {
      return spent;
    },
  };
}
