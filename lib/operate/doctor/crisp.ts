import type { CrispTier, Inclusion } from '../../config/config.ts';
import { isPeopleId } from '../../crisp/fields.ts';
import type { CrispSegment } from '../../crisp/url.ts';
import type { JobError, JobErrorCode } from '../../errors.ts';
import { parseSessionId, parseWebsiteId, type SessionRef, type WebsiteId } from '../../ids.ts';
import { isJsonObject } from '../../text.ts';
import { type Finding, judgeClock } from './checks.ts';
import type { CrispSurvey, SurveyAnswer } from './survey.ts';

interface ExamineCrispDependencies extends CrispAccessDependencies {
  readonly include: readonly Inclusion[];
}

/** Looks at token, tier, websites, each scope that a record needs, and the clock. A few requests, all of them reads. */
export async function examineCrisp(dependencies: ExamineCrispDependencies): Promise<readonly Finding[]> {
  const { survey, include } = dependencies;
  const needed = NEEDED_ROUTES.filter(
    ({ inclusion }) => inclusion === undefined || include.includes(inclusion),
  );
  const { findings, websiteIds } = await examineCrispAccess(dependencies);
  const scopes = await examineScopes(survey, needed, websiteIds[0]);
  return [...findings, ...scopes, judgeClock('Crisp', survey.clockSample)];
}

async function examineScopes(
  survey: CrispSurvey,
  needed: readonly NeededRoute[],
  websiteId: WebsiteId | undefined,
): Promise<Finding[]> {
  if (websiteId === undefined) return [LIST_ROUTE, ...needed].map(toSkipped('no website answers'));
  const listing = await survey.ask(['website', { websiteId }, 'conversations', { page: 1 }]);
  const error = listing.outcome === 'failure' ? listing.error : undefined;
  const listed = judgeRoute(LIST_ROUTE, { error, reason: listing.reason });
  if (error) return [listed, ...needed.map(toSkipped('no conversation can be listed to try it on'))];
  const conversations = listConversations(listing.outcome === 'data' ? listing.data : [], websiteId);
  const findings: Finding[] = [listed];
  for (const route of needed) findings.push(await examineRoute(survey, route, conversations));
  return findings;
}

async function examineRoute(
  survey: CrispSurvey,
  route: NeededRoute,
  conversations: readonly TriedConversation[],
): Promise<Finding> {
  const path = conversations.map(route.path).find((it) => it !== undefined);
  if (path === undefined) return toSkipped('there is no conversation yet to try it on')(route);
  const answer = await survey.ask(path);
  const error = answer.outcome === 'failure' ? answer.error : undefined;
  return judgeRoute(route, { error, reason: answer.reason });
}

function toSkipped(message: string): (route: Pick<NeededRoute, 'scope'>) => Finding {
  return ({ scope }) => ({ check: `scope ${scope}`, state: 'skipped', message });
}

interface RouteAnswer {
  /** Undefined where Crisp answered well. */
  readonly error: JobError | undefined;
  /** The envelope's reason, where it is a token. */
  readonly reason: string | undefined;
}

/** Whether the token opens a family of routes. A 404 is an answer of one that is open: what was asked for is absent. */
function judgeRoute(
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

interface CrispAccessDependencies {
  readonly survey: CrispSurvey;
  /** The same token as one of the other tier, asked where this one is rejected. */
  readonly otherTier: CrispSurvey;
  readonly tier: CrispTier;
  /** True for the token of a local mode. */
  readonly isLocal?: boolean;
  /** Empty: all that the token may read. */
  readonly websiteIds: readonly WebsiteId[];
}

interface CrispAccess {
  readonly findings: readonly Finding[];
  /** Those that Crisp gives. */
  readonly websiteIds: readonly WebsiteId[];
}

const TOKEN_CHECK = 'token and tier';

// Only tokens of plugins have this list; for others the answer still tells whether the token is known.
const LIST: readonly CrispSegment[] = ['plugin', 'connect', 'websites', 'all', { page: 1 }];

/** Asks Crisp whether it knows the token under its tier, and which of the websites it gives. */
export async function examineCrispAccess(dependencies: CrispAccessDependencies): Promise<CrispAccess> {
  const { survey, websiteIds, tier } = dependencies;
  const [firstId, ...otherIds] = websiteIds;
  const firstPath = firstId === undefined ? LIST : toPath(firstId);
  const first = await survey.ask(firstPath);
  const problem = await findTokenProblem(first, firstPath, dependencies);
  if (problem) return { findings: [problem], websiteIds: [] };

  const token: Finding = {
    check: TOKEN_CHECK,
    state: 'ok',
    message: `Crisp takes the token as one of tier ${tier}`,
  };
  if (firstId === undefined) {
    const listed = judgeList(first, tier);
    return { ...listed, findings: [token, ...listed.findings] };
  }
  const answers: [WebsiteId, SurveyAnswer][] = [[firstId, first]];
  for (const id of otherIds) answers.push([id, await survey.ask(toPath(id))]);
  return {
    findings: [token, ...answers.map(([id, answer]) => judgeWebsite(id, answer))],
    websiteIds: answers.filter(([, { outcome }]) => outcome === 'data').map(([id]) => id),
  };
}

function toPath(websiteId: WebsiteId): CrispSegment[] {
  return ['website', { websiteId }];
}

async function findTokenProblem(
  answer: SurveyAnswer,
  path: readonly CrispSegment[],
  { otherTier, tier, isLocal }: CrispAccessDependencies,
): Promise<Finding | undefined> {
  if (answer.outcome === 'data' || answer.error.disposition === 'permanent') return undefined;
  if (answer.error.disposition === 'missing') return undefined;
  if (!isRejected(answer)) return judgeCrispFailure('Crisp', answer.error);
  const other = await otherTier.ask(path);
  if (other.status === undefined || isRejected(other)) return judgeCrispFailure(TOKEN_CHECK, answer.error);
  const right = tier === 'plugin' ? 'website' : 'plugin';
  return {
    check: TOKEN_CHECK,
    state: 'fail',
    message: `Crisp rejects the token as one of tier ${tier}, and takes it as one of tier ${right}`,
    remedy: `set CRISP_TIER=${right} ${isLocal ? 'and start local mode again' : '(a stage is deployed again with it)'}, or enter a token of tier ${tier}`,
  };
}

function isRejected(answer: SurveyAnswer): boolean {
  return answer.outcome === 'failure' && answer.error.code === 'crisp_auth_failed';
}

function judgeWebsite(websiteId: WebsiteId, answer: SurveyAnswer): Finding {
  const check = `website ${websiteId}`;
  if (answer.outcome === 'failure') return judgeCrispFailure(check, answer.error);
  return { check, state: 'ok', message: 'Crisp gives it' };
}

function judgeList(answer: SurveyAnswer, tier: CrispTier): CrispAccess {
  const check = 'websites';
  if (answer.outcome === 'failure') {
    if (tier === 'plugin') return { findings: [judgeCrispFailure(check, answer.error)], websiteIds: [] };
    const remedy = 'set CRISP_WEBSITE_IDS to the website of the token';
    const message = 'a token of tier website cannot be asked which one is its own';
    return { findings: [{ check, state: 'warn', message, remedy }], websiteIds: [] };
  }
  const items = Array.isArray(answer.data) ? answer.data : [];
  const websiteIds = items
    .map((item) => parseWebsiteId(isJsonObject(item) ? item.website_id : undefined))
    .filter((id) => id !== undefined);
  if (websiteIds.length === 0) {
    const remedy = 'install the plugin on a website: without that Crisp sends no hooks and gives nothing';
    return {
      findings: [{ check, state: 'fail', message: 'the plugin is on no website', remedy }],
      websiteIds,
    };
  }
  const message = `the plugin is on ${answer.hasMore ? 'more than ' : ''}${websiteIds.length}`;
  return { findings: [{ check, state: 'ok', message }], websiteIds };
}

/** What a request that Crisp did not answer well says about the set-up. */
function judgeCrispFailure(check: string, error: JobError): Finding {
  const remedy =
    REMEDIES_OF_A_REASON[error.reason] ?? REMEDIES[error.code] ?? 'see the code in docs/errors.md';
  return { check, state: 'fail', message: `Crisp: ${error.message}`, remedy };
}

const WAIT = 'run this again in a few minutes; the pipeline itself waits and goes on';
const NETWORK = 'check CRISP_API_URL and the way from this machine to it (DNS, proxy, firewall)';

const REMEDIES_OF_A_REASON: Readonly<Partial<Record<string, string>>> = {
  'crisp_unavailable:website_missing': 'correct CRISP_WEBSITE_IDS: Crisp has no such website',
  'crisp_unavailable:foreign_answer':
    'if it lasts, correct CRISP_API_URL, or look at the proxies in between: what answers there is not Crisp',
};

const REMEDIES: Partial<Record<JobErrorCode, string>> = {
  crisp_auth_failed: 'enter the token anew, both halves of the same one, and check CRISP_TIER',
  crisp_forbidden: 'grant the token the scope, or use one of the tier that the route wants',
  crisp_not_subscribed: 'install the plugin on this website, or correct CRISP_WEBSITE_IDS',
  crisp_route_unknown: 'correct CRISP_API_URL: it ends with /v1',
  unexpected_redirect: 'correct CRISP_API_URL: redirects are not followed',
  bad_response: 'correct CRISP_API_URL: what answers there is not Crisp',
  crisp_tls_failed: 'look at the certificate that CRISP_API_URL shows, and at proxies in between',
  crisp_unreachable: NETWORK,
  crisp_timeout: NETWORK,
  crisp_unavailable: WAIT,
  crisp_rate_limited: WAIT,
  crisp_quota_exceeded: 'wait until Crisp’s day is over, or ask Crisp for a higher quota',
};

/** The conversations of a list as Crisp sent it, as far as they can be tried; `data` may be anything. */
export function listConversations(data: unknown, websiteId: WebsiteId): TriedConversation[] {
  const items: readonly unknown[] = Array.isArray(data) ? data : [];
  return items.flatMap((item) => {
    if (!isJsonObject(item)) return [];
    const sessionId = parseSessionId(item.session_id);
    if (sessionId === undefined) return [];
    const peopleId = isPeopleId(item.people_id) ? item.people_id : undefined;
    return [{ session: { websiteId, sessionId }, peopleId }];
  });
}

/** A conversation to try routes on. */
export interface TriedConversation {
  readonly session: SessionRef;
  /** Of its visitor's profile, where it has one. */
  readonly peopleId: string | undefined;
}

/** A family of routes that a record needs. */
interface NeededRoute {
  /** In words, for a sentence. */
  readonly what: string;
  readonly scope: string;
  /** Undefined: always needed. */
  readonly inclusion: Inclusion | undefined;
  /** Undefined where the conversation does not have what the route is about. */
  readonly path: (conversation: TriedConversation) => readonly CrispSegment[] | undefined;
}

/** The family of a conversation itself, tried on the list of all. */
const LIST_ROUTE = { what: 'conversations', scope: 'website:conversation:sessions' } as const;

/** The cheapest request of each further family, in the order in which a fetch makes them. */
const NEEDED_ROUTES: readonly NeededRoute[] = [
  {
    what: 'messages',
    scope: 'website:conversation:messages',
    inclusion: undefined,
    path: ({ session }) => [...toConversationPath(session), 'messages'],
  },
  {
    what: 'profiles',
    scope: 'website:people:profiles',
    inclusion: 'profile',
    path: ({ session: { websiteId }, peopleId }) =>
      peopleId === undefined ? undefined : ['website', { websiteId }, 'people', 'profile', { peopleId }],
  },
  {
    what: 'visited pages',
    scope: 'website:conversation:pages',
    inclusion: 'pages',
    path: ({ session }) => [...toConversationPath(session), 'pages', { page: 1 }],
  },
  {
    what: 'custom events',
    scope: 'website:conversation:events',
    inclusion: 'events',
    path: ({ session }) => [...toConversationPath(session), 'events', { page: 1 }],
  },
  {
    what: 'relations',
    scope: 'website:conversation:sessions',
    inclusion: 'relations',
    path: ({ session }) => [...toConversationPath(session), 'relations'],
  },
];

/** The route of a conversation itself. */
export function toConversationPath({ websiteId, sessionId }: SessionRef): CrispSegment[] {
  return ['website', { websiteId }, 'conversation', { sessionId }];
}
