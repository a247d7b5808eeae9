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

/** Where no other session can tell, the third look that fails is followed by a trial. */
const LOOKS_BEFORE_A_TRIAL = 3;

/** Looks whether the reason of an opening still holds, with as few requests as can tell: five at most. */
export async function lookAtCrisp(crisp: CrispApi, opening: NotedOpening, row: Row): Promise<Look> {
  const { code, route, session } = opening;
  if (code === 'too_many_removals') return lookForConversations(crisp, opening, row);
  if (route === undefined || session === undefined) return { outcome: 'trial' };

  const own = toResult(await repeatRoute(crisp, route, session));
  if (own === undefined) return { outcome: 'answered' };
  const other = findOther(row, session);
  if (other === undefined) return lookOnce(crisp, opening, own);
  if (own !== 'not-asked' && !canBeOneSessions(own, session, other))
    return { outcome: 'failing', error: own };
  const others = toResult(await repeatRoute(crisp, route, other));
  if (others === 'not-asked') return lookOnce(crisp, opening, own);
  if (others !== undefined) return { outcome: 'failing', error: others };
  // Where the session itself could not be asked, nobody knows whether it was ever the only one.
  return { outcome: own === 'not-asked' ? 'answered' : 'false-alarm' };
}

/** A look while nobody knows what failed: the website's answer is all there is to ask for, where one is known. */
export async function lookWithoutReason(crisp: CrispApi, websiteId: WebsiteId | undefined): Promise<Look> {
  if (websiteId === undefined) return { outcome: 'trial' };
  const error = toFailure(await askForWebsite(crisp, websiteId));
  return error === undefined ? { outcome: 'answered' } : { outcome: 'failing', error };
}

/** Crisp shows that it still has conversations only by showing one. */
async function lookForConversations(
  crisp: CrispApi,
  { failedProbes }: NotedOpening,
  { healthy }: Row,
): Promise<Look> {
  if (healthy === undefined) return { outcome: 'failing', error: undefined };
  const result = await repeatRoute(crisp, 'website/conversation', healthy);
  if (result === undefined) return { outcome: 'false-alarm' };
  if (result === 'not-asked') return { outcome: 'failing', error: undefined };
  // It may itself have been removed, and no other is remembered while nothing is fetched.
  if (result.disposition === 'missing' && isTrialDue(failedProbes)) return { outcome: 'trial' };
  return { outcome: 'failing', error: result };
}

/** Nobody else can tell. The website itself may be fine for ever while the route is not, so it only allows a trial. */
async function lookOnce(
  crisp: CrispApi,
  { session, failedProbes }: NotedOpening,
  own: JobError | 'not-asked',
): Promise<Look> {
  const error = own === 'not-asked' ? undefined : own;
  const canPass = error === undefined || toEvidence(error) !== 'outage';
  if (!canPass || !isTrialDue(failedProbes) || session === undefined) return { outcome: 'failing', error };
  const controlError = toFailure(await askForWebsite(crisp, session.websiteId));
  return controlError === undefined ? { outcome: 'trial' } : { outcome: 'failing', error: controlError };
}

function isTrialDue(failedProbes: number): boolean {
  return failedProbes + 1 >= LOOKS_BEFORE_A_TRIAL;
}

function toResult(result: JobError | 'not-asked' | undefined): JobError | 'not-asked' | undefined {
  return result === 'not-asked' ? result : toFailure(result);
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
