import type { Account } from '../account.ts';
import type { Switches } from '../switches.ts';
import { type Reply, refused } from './reply.ts';
import type { Route } from './route.ts';

/** Refuses a request without the right token and tier, or returns undefined. */
export function checkCredentials(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  { token, tier }: Account,
  switches: Switches,
): Reply | undefined {
  const expected = `Basic ${Buffer.from(`${token.identifier}:${token.key}`).toString('base64')}`;
  const isKnown = headers.authorization === expected && headers['x-crisp-tier'] === tier;
  return isKnown ? undefined : refused(switches.invalidSessionStatus, 'invalid_session');
}

/** Refuses a route that the token's tier or scopes do not open, or returns undefined. */
export function checkPermission(
  route: Route,
  { tier, scopes }: Account,
  switches: Switches,
): Reply | undefined {
  const isClosedToTier =
    (route.tier !== undefined && route.tier !== tier) ||
    (route.isPeople === true && tier === 'website' && switches.websiteTierRoutes === 'conversations-only');
  if (isClosedToTier) return refused(switches.restrictedTierStatus, 'restricted_route_tier');

  const isScopeNeeded = route.isScopeConfirmed !== false || switches.unconfirmedScopes === 'needed';
  if (route.scope === undefined || scopes === undefined || !isScopeNeeded) return undefined;
  return scopes.has(route.scope) ? undefined : refused(403, 'not_allowed');
}
