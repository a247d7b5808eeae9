import type { JobError } from '../errors/job-error.ts';
import type { NeededRoute } from './crisp-routes.ts';
import type { Finding } from './finding.ts';
import { judgeCrispFailure } from './judge-crisp-failure.ts';

export interface RouteAnswer {
  /** Undefined where Crisp answered well. */
  readonly error: JobError | undefined;
  /** The envelope's reason, where it is a token. */
  readonly reason: string | undefined;
}

/** Whether the token opens a family of routes. A 404 is an answer of one that is open: what was asked for is absent. */
export function judgeRoute(
  { what, scope }: Pick<NeededRoute, 'what' | 'scope'>,
  { error, reason }: RouteAnswer,
): Finding {
  const check = `scope ${scope}`;
  if (!error || error.code === 'conversation_missing') {
    return { check, state: 'ok', message: `Crisp gives ${what}` };
  }
  if (error.code !== 'crisp_forbidden') return judgeCrispFailure(check, error);
  const refusal = `Crisp refuses ${what} (${[error.status, reason].filter(Boolean).join(', ')})`;
  if (reason === 'restricted_route_tier') {
    const remedy = 'use a token of the other tier, with CRISP_TIER to match';
    return { check, state: 'fail', message: `${refusal}: the route is closed to this tier`, remedy };
  }
  return {
    check,
    state: 'fail',
    message: `${refusal}: the token lacks the scope ${scope}`,
    remedy: `ask for ${scope} (read) in the plugin’s token settings at Crisp, or leave out what needs it in ENRICH_INCLUDE`,
  };
}
