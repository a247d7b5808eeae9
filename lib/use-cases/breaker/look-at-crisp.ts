import type { NotedOpening } from '../../core/breaker/opening.ts';
import { toEvidence } from '../../core/breaker/to-evidence.ts';
import type { JobError } from '../../core/errors/job-error.ts';
import { type SessionRef, toSessionKey, type WebsiteId } from '../../core/ids.ts';
import type { Row } from '../../ports/breaker-notes.ts';
import type { CrispApi } from '../../ports/crisp-api.ts';
import { askForWebsite, repeatRoute } from './repeat-route.ts';

/**
 * - `answered`: what failed works again.
 * - `false-alarm`: it works for others: it was never everything.
 * - `trial`: nothing is left to ask; only a run can tell.
 * - `failing`: it still fails.
 */
export type Look =
  | { readonly outcome: 'answered' | 'false-alarm' | 'trial' }
  | { readonly outcome: 'failing'; readonly error: JobError | undefined };

/** Where no other session is known to be healthy, the third look that fails is followed by a trial. */
const LOOKS_BEFORE_A_TRIAL = 3;

/** Looks whether the reason of an opening still holds, with as few requests as can tell: three at most. */
export async function lookAtCrisp(crisp: CrispApi, opening: NotedOpening, row: Row): Promise<Look> {
  const { code, route, session } = opening;
  if (code === 'too_many_removals') return lookForConversations(crisp, row);
  if (route === undefined || session === undefined) return { outcome: 'trial' };

  const error = toFailure(await repeatRoute(crisp, route, session));
  if (error === undefined) return { outcome: 'answered' };
  const other = findOther(row, session);
  if (other === undefined) return lookOnce(crisp, opening, error);
  if (!canBeOneSessions(error, session, other)) return { outcome: 'failing', error };
  const othersError = toFailure(await repeatRoute(crisp, route, other));
  return othersError === undefined ? { outcome: 'false-alarm' } : { outcome: 'failing', error: othersError };
}

/** A look while nobody knows what failed: the website's answer is all there is to ask for, where one is known. */
export async function lookWithoutReason(crisp: CrispApi, websiteId: WebsiteId | undefined): Promise<Look> {
  if (websiteId === undefined) return { outcome: 'trial' };
  const error = toFailure(await askForWebsite(crisp, websiteId));
  return error === undefined ? { outcome: 'answered' } : { outcome: 'failing', error };
}

/** Crisp shows that it still has conversations only by showing one. */
async function lookForConversations(crisp: CrispApi, { healthy }: Row): Promise<Look> {
  if (healthy === undefined) return { outcome: 'failing', error: undefined };
  const error = await repeatRoute(crisp, 'website/conversation', healthy);
  return error === undefined ? { outcome: 'false-alarm' } : { outcome: 'failing', error };
}

/** Nobody else is known. The website itself may be fine for ever while the route is not, so it only allows a trial. */
async function lookOnce(
  crisp: CrispApi,
  { session, failedProbes }: NotedOpening,
  error: JobError,
): Promise<Look> {
  const isTrialDue = toEvidence(error) === 'crisp' && failedProbes + 1 >= LOOKS_BEFORE_A_TRIAL;
  if (!isTrialDue || session === undefined) return { outcome: 'failing', error };
  const controlError = toFailure(await askForWebsite(crisp, session.websiteId));
  return controlError === undefined ? { outcome: 'trial' } : { outcome: 'failing', error: controlError };
}

/** Any answer is one, "no such conversation" and "not allowed" included. */
function toFailure(error: JobError | undefined): JobError | undefined {
  return error && toEvidence(error) !== 'none' ? error : undefined;
}

/** The newest healthy session, unless it is among those that have failed since. */
function findOther({ failed, healthy }: Row, session: SessionRef): SessionRef | undefined {
  if (healthy === undefined) return undefined;
  const key = toSessionKey(healthy);
  return key === toSessionKey(session) || failed.includes(key) ? undefined : healthy;
}

/** Credentials and quota are the token's, the same for every session of a website. */
function canBeOneSessions(error: JobError, session: SessionRef, other: SessionRef): boolean {
  return toEvidence(error) !== 'outage' || session.websiteId !== other.websiteId;
}
