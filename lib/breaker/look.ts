import type { CrispApi } from '../crisp/client.ts';
import { isJobErrorCode, JobError, toJobError } from '../errors.ts';
import { type SessionRef, toSessionKey, type WebsiteId } from '../ids.ts';
import type { NotedOpening, Row } from '../ledger/breaker-notes.ts';
import { isControlFailure, toEvidence } from './evidence.ts';
import { FIRST_HOLD_OFF_SECONDS } from './opening.ts';

/**
 * - `answered`: what failed works again.
 * - `false-alarm`: it works for others: it was never everything.
 * - `trial`: nothing is left to ask; only a run can show it.
 * - `failing`: it still fails.
 */
export type Look =
  | { readonly outcome: 'answered' | 'false-alarm' | 'trial' }
  | {
      readonly outcome: 'failing';
      readonly error: JobError | undefined;
      /** Epoch ms; no look is worth it before. */
      readonly notBeforeMs?: number | undefined;
    };

/** Where there is no other session to ask, the third look that fails is followed by a trial. */
const LOOKS_BEFORE_A_TRIAL = 3;

/** Of other websites, where the one that failed does not answer. */
const MOST_OTHER_WEBSITES = 3;

interface LookOptions {
  readonly opening: NotedOpening;
  readonly row: Row;
  /** The configured ones; empty: all that the token can see. */
  readonly websiteIds: readonly WebsiteId[];
}

/** Looks whether the reason of an opening still holds, with as few requests as possible: five at most. */
export async function lookAtCrisp(crisp: CrispApi, options: LookOptions): Promise<Look> {
  const { opening, row } = options;
  const { code, route, session } = opening;
  if (code === 'too_many_removals') return lookForConversations(crisp, opening, row);
  if (route === undefined || session === undefined) return { outcome: 'trial' };

  const ask = async (asked: SessionRef) => toResult(await repeatRoute(crisp, route, asked), code);
  const own = await ask(session);
  if (own === undefined) return { outcome: 'answered' };
  const other = findOther(row, session);
  const others = other === undefined ? 'not-asked' : await ask(other);
  if (other === undefined || others === 'not-asked') return lookOnce(crisp, options, own);
  if (others !== undefined) return { outcome: 'failing', error: others };
  // Where the session itself could not be asked, it is not known whether it was ever the only one.
  if (own === 'not-asked') return { outcome: 'answered' };
  return lookTwice(await ask(session), async () => ask(other));
}

/** Of a Crisp that fails now and then, one answer more or less proves nothing, and a session that is blamed for it spends attempts. */
async function lookTwice(own: LookResult, askOther: () => Promise<LookResult>): Promise<Look> {
  if (own === undefined || own === 'not-asked') return { outcome: 'answered' };
  const others = await askOther();
  return others instanceof Error ? { outcome: 'failing', error: others } : { outcome: 'false-alarm' };
}

/** A look while it is not known what failed: the website's answer is all there is to ask for, where one is known. */
export async function lookWithoutReason(crisp: CrispApi, websiteId: WebsiteId | undefined): Promise<Look> {
  if (websiteId === undefined) return { outcome: 'trial' };
  const error = await askForWebsite(crisp, websiteId);
  return error === undefined || !isControlFailure(error)
    ? { outcome: 'answered' }
    : { outcome: 'failing', error };
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

/** There is no other session to ask. The website itself may be fine for ever while the route is not, so it only allows a trial. */
async function lookOnce(
  crisp: CrispApi,
  { opening, websiteIds }: LookOptions,
  own: JobError | 'not-asked',
): Promise<Look> {
  const failing: Look = { outcome: 'failing', error: own === 'not-asked' ? undefined : own };
  const { session, failedProbes, holdOffSeconds } = opening;
  // The first opening for a while ends with its first look: the others shall not wait longer for one session.
  const isFirst = holdOffSeconds <= FIRST_HOLD_OFF_SECONDS && failedProbes === 0;
  if (session === undefined || !(isFirst || isTrialDue(failedProbes))) return failing;
  const error = await askForWebsite(crisp, session.websiteId);
  if (error === undefined || !isControlFailure(error)) return { outcome: 'trial' };
  if (await isOnlyThisWebsite(crisp, error, { session, websiteIds })) return { outcome: 'failing', error };
  return { outcome: 'trial' };
}

/** False where another website is answered, or where there may be others and this one is simply not ours. */
async function isOnlyThisWebsite(
  crisp: CrispApi,
  error: JobError,
  { session, websiteIds }: { session: SessionRef; websiteIds: readonly WebsiteId[] },
): Promise<boolean> {
  if (websiteIds.length === 0) return !isOfWebsite(error);
  const others = websiteIds.filter((websiteId) => websiteId !== session.websiteId);
  for (const websiteId of others.slice(0, MOST_OTHER_WEBSITES)) {
    const failure = await askForWebsite(crisp, websiteId);
    if (failure === undefined || !isControlFailure(failure)) return false;
  }
  return true;
}

function isOfWebsite({ code, detail }: JobError): boolean {
  return code === 'crisp_not_subscribed' || (code === 'crisp_unavailable' && detail === 'website_missing');
}

function isTrialDue(failedProbes: number): boolean {
  return failedProbes + 1 >= LOOKS_BEFORE_A_TRIAL;
}

type LookResult = JobError | 'not-asked' | undefined;

/**
 * Any answer is one, "no such conversation" and "not allowed" included; but for a queue that is held because of verdicts
 * another verdict is none.
 */
function toResult(result: LookResult, openedFor: string): LookResult {
  if (result === undefined || result === 'not-asked') return result;
  const evidence = toEvidence(result);
  const isAnswer = evidence === 'none' || (evidence === 'verdict' && !isVerdict(openedFor));
  return isAnswer ? undefined : result;
}

function isVerdict(code: string): boolean {
  return isJobErrorCode(code) && toEvidence(new JobError(code)) === 'verdict';
}

/** The newest healthy session, unless it is among those that have failed since. */
export function findOther({ failed, healthy }: Row, session: SessionRef): SessionRef | undefined {
  if (healthy === undefined) return undefined;
  const key = toSessionKey(healthy);
  return key === toSessionKey(session) || failed.includes(key) ? undefined : healthy;
}

/**
 * Asks Crisp on one route, as a run would, for one session. Undefined where it gave the answer; its failure otherwise.
 * `not-asked`: of this session a run would ask nothing on that route, so it says nothing about the route.
 */
export async function repeatRoute(
  crisp: CrispApi,
  route: string,
  session: SessionRef,
): Promise<JobError | 'not-asked' | undefined> {
  if (route === 'website/people/profile') return repeatProfile(crisp, session);
  const ask = ROUTES[route];
  return ask ? toRouteFailure(ask(crisp, session)) : askForWebsite(crisp, session.websiteId);
}

/** Asks for the website itself: the cheapest request there is. */
function askForWebsite(crisp: CrispApi, websiteId: WebsiteId): Promise<JobError | undefined> {
  return toRouteFailure(crisp.getWebsite(websiteId));
}

async function toRouteFailure(answer: Promise<unknown>): Promise<JobError | undefined> {
  try {
    await answer;
    return undefined;
  } catch (thrown) {
    return toJobError(thrown);
  }
}

type Ask = (crisp: CrispApi, session: SessionRef) => Promise<unknown>;

// As the Crisp client names them: the path without its ids.
const ROUTES: Readonly<Record<string, Ask>> = {
  'website/conversation': (crisp, session) => crisp.getConversation(session),
  'website/conversation/messages': (crisp, session) => crisp.listMessages(session),
  'website/conversation/pages': (crisp, session) => crisp.listVisitedPages(session, 1),
  'website/conversation/events': (crisp, session) => crisp.listEvents(session, 1),
  'website/conversation/relations': (crisp, session) => crisp.getRelations(session),
};

/** The profile is the conversation's: its id is noted nowhere, for it is a person's. */
async function repeatProfile(
  crisp: CrispApi,
  session: SessionRef,
): Promise<JobError | 'not-asked' | undefined> {
  let peopleId: unknown;
  const error = await toRouteFailure(
    crisp.getConversation(session).then((conversation) => {
      peopleId = conversation.people_id;
    }),
  );
  // A conversation that is gone, or that the token may not see, has shown no profile either.
  if (error) return toEvidence(error) === 'none' ? 'not-asked' : error;
  if (typeof peopleId !== 'string' || peopleId === '') return 'not-asked';
  return toRouteFailure(crisp.getProfile(session.websiteId, peopleId));
}
