import type { CrispTier } from '../../config/config.ts';
import type { CrispSegment } from '../../crisp/url.ts';
import type { SessionId, WebsiteId } from '../../ids.ts';
import { isJsonObject } from '../../text.ts';
import { listConversations, type TriedConversation, toConversationPath } from './crisp.ts';
import { type CrispSurvey, describeAnswer, type SurveyAnswer } from './survey.ts';

interface ObserveCrispDependencies {
  readonly survey: CrispSurvey;
  /** The same, with a token that Crisp cannot know. */
  readonly strangerSurvey: CrispSurvey;
  readonly tier: CrispTier;
  readonly websiteId: WebsiteId;
  /** Of no conversation. */
  readonly missingSessionId: SessionId;
}

// Behind the end of any list.
const PAGE_BEYOND_END = 999;

/**
 * Asks Crisp what no document says: at most 18 requests, all of them reads. Where the requests are used up, the questions
 * that are left count as not seen.
 */
export async function observeCrisp(dependencies: ObserveCrispDependencies): Promise<Observation[]> {
  const { survey, strangerSurvey, tier, websiteId, missingSessionId } = dependencies;
  const answers: SurveyAnswer[] = [];
  const ask = async (...args: Parameters<CrispSurvey['ask']>): Promise<SurveyAnswer> => {
    const answer = await survey.ask(...args);
    answers.push(answer);
    return answer;
  };
  const website: CrispSegment[] = ['website', { websiteId }];
  const stranger = await strangerSurvey.ask(website);
  const missing = await ask(toConversationPath({ websiteId, sessionId: missingSessionId }));
  const listing = await ask([...website, 'conversations', { page: 1 }]);
  const conversations = listConversations(listing.outcome === 'data' ? listing.data : [], websiteId);
  const tried = conversations.find(({ peopleId }) => peopleId !== undefined) ?? conversations[0];

  return [
    observeAnswer('status and reason of a token that is wrong', stranger),
    observeAnswer('status and reason of a conversation that does not exist', missing),
    observeList('conversations', listing),
    ...(await observeConversation(tried, ask)),
    ...(await observePeople(tried, website, ask)),
    ...observeTraffic(answers, tier),
    ...UNTRIED_QUESTIONS,
  ];
}

type Ask = CrispSurvey['ask'];

async function observeConversation(tried: TriedConversation | undefined, ask: Ask): Promise<Observation[]> {
  const path = tried && toConversationPath(tried.session);
  const askBelow = async (...segments: CrispSegment[]) => path && (await ask([...path, ...segments]));
  const newest = await askBelow('messages');
  const timestamps = readTimestamps(newest);
  const askBefore = async (timestamp: number) =>
    path && timestamps.length > 0 ? ask([...path, 'messages'], { timestamp_before: timestamp }) : undefined;
  return [
    ...observeMessages({
      newest,
      beforeNewest: await askBefore(Math.max(...timestamps)),
      beforeOldest: await askBefore(Math.min(...timestamps)),
    }),
    observeList('visited pages', await askBelow('pages', { page: 1 })),
    observeList('custom events', await askBelow('events', { page: 1 })),
    observeList('files', await askBelow('files', { page: 1 })),
    observeAnswer('a page behind the end of a list', await askBelow('pages', { page: PAGE_BEYOND_END })),
    observeAnswer('relations with this token’s scopes', await askBelow('relations')),
    observeAnswer('verify with this token’s scopes', await askBelow('verify')),
    observeAnswer('block with this token’s scopes', await askBelow('block')),
  ];
}

async function observePeople(
  tried: TriedConversation | undefined,
  website: readonly CrispSegment[],
  ask: Ask,
): Promise<Observation[]> {
  const peopleId = tried?.peopleId;
  const askAbout = async (name: string, ...rest: CrispSegment[]) =>
    peopleId === undefined ? undefined : ask([...website, 'people', name, { peopleId }, ...rest]);
  return [
    observeList('profiles', await ask([...website, 'people', 'profiles', { page: 1 }])),
    observeAnswer('data of a profile with this token’s scopes', await askAbout('data')),
    observeAnswer('subscription of a profile with this token’s scopes', await askAbout('subscription')),
    observeList('conversations of a profile', await askAbout('conversations', 'list', { page: 1 })),
    observeList('events of a profile', await askAbout('events', 'list', { page: 1 })),
  ];
}

/** What a route answered, as the answer to a question about it; undefined where it was not asked. */
function observeAnswer(question: string, answer: SurveyAnswer | undefined): Observation {
  if (!answer) return { question, outcome: 'not_tried', answer: 'no conversation or profile to try it on' };
  const outcome = answer.status === undefined ? 'not_seen' : 'seen';
  return { question, outcome, answer: describeAnswer(answer) };
}

/** What the first page of a numbered list tells of its paging; undefined where it was not asked. */
function observeList(name: string, answer: SurveyAnswer | undefined): Observation {
  const question = `${name}: entries of a page, and 206 while there are more`;
  if (!answer) return { question, outcome: 'not_tried', answer: 'no conversation or profile to try it on' };
  if (answer.outcome === 'failure') return { question, outcome: 'not_seen', answer: describeAnswer(answer) };
  const entries = Array.isArray(answer.data) ? answer.data.length : 0;
  // Only a page that is not the last one has its full size.
  return {
    question,
    outcome: answer.hasMore ? 'seen' : 'not_seen',
    answer: answer.hasMore
      ? `206 with ${entries} entries`
      : `${answer.status} with ${entries} entries, which may be all`,
  };
}

/** Three pages of one conversation; undefined where one was not asked for. */
interface MessagePages {
  readonly newest: SurveyAnswer | undefined;
  /** `timestamp_before` the newest message of that page. */
  readonly beforeNewest: SurveyAnswer | undefined;
  /** `timestamp_before` the oldest message of that page. */
  readonly beforeOldest: SurveyAnswer | undefined;
}

/** What three pages of messages tell of size, status, order and boundary. */
function observeMessages(pages: MessagePages): Observation[] {
  return [toSize(pages), toStatus(pages), toOrder(pages), toBoundary(pages)];
}

/** The timestamps of a page in its own order; those that are none are left out. */
function readTimestamps(answer: SurveyAnswer | undefined): readonly number[] {
  const messages: readonly unknown[] =
    answer?.outcome === 'data' && Array.isArray(answer.data) ? answer.data : [];
  return messages.flatMap((message) => {
    const timestamp = isJsonObject(message) ? message.timestamp : undefined;
    return typeof timestamp === 'number' && Number.isSafeInteger(timestamp) && timestamp > 0
      ? [timestamp]
      : [];
  });
}

function toSize({ newest, beforeOldest }: MessagePages): Observation {
  const question = 'messages of a page';
  const count = readTimestamps(newest).length;
  if (count === 0) return toUnseen(question, newest);
  // Only a page that is followed by an older one has its full size.
  const isFull = readTimestamps(beforeOldest).length > 0;
  return {
    question,
    outcome: isFull ? 'seen' : 'not_seen',
    answer: isFull ? `${count}` : `${count}, which may be all`,
  };
}

function toStatus({ newest, beforeOldest }: MessagePages): Observation {
  const question = '206 while there are older messages, else 200';
  if (newest?.outcome !== 'data' || beforeOldest?.outcome !== 'data') return toUnseen(question, beforeOldest);
  const older = readTimestamps(beforeOldest).length;
  const answer = `${newest.status}, and ${older === 0 ? 'nothing' : 'more'} was older`;
  if (newest.hasMore === older > 0) return { question, outcome: 'seen', answer };
  // 206 at the end costs a request; 200 before the end would cost messages, were it believed at once.
  return { question, outcome: 'seen', answer, isProblem: !newest.hasMore };
}

function toOrder({ newest }: MessagePages): Observation {
  const question = 'order of the messages of a page';
  const timestamps = readTimestamps(newest);
  const [first = 0] = timestamps;
  const last = timestamps.at(-1) ?? 0;
  if (first === last) return toUnseen(question, newest);
  return { question, outcome: 'seen', answer: first < last ? 'oldest first' : 'newest first' };
}

function toBoundary({ newest, beforeNewest }: MessagePages): Observation {
  const question = 'timestamp_before is strict';
  const edge = Math.max(...readTimestamps(newest));
  if (beforeNewest?.outcome !== 'data' || edge <= 0) return toUnseen(question, beforeNewest);
  const isInclusive = readTimestamps(beforeNewest).includes(edge);
  return {
    question,
    outcome: 'seen',
    answer: isInclusive ? 'no: a message of that very moment came' : 'yes',
  };
}

function toUnseen(question: string, answer: SurveyAnswer | undefined): Observation {
  if (!answer) return { question, outcome: 'not_tried', answer: 'no conversation to try it on' };
  return { question, outcome: 'not_seen', answer: `${describeAnswer(answer)}: too few messages to tell` };
}

/** What many answers together tell: of refusals, Crisp's cache, and the routes that a tier does not open. */
function observeTraffic(answers: readonly SurveyAnswer[], tier: CrispTier): Observation[] {
  return [observeRefusals(answers), observeCache(answers), observeTier(answers, tier)];
}

function observeRefusals(answers: readonly SurveyAnswer[]): Observation {
  const question = 'status, reason and Retry-After of a refusal for haste or quota';
  const refusal = answers.find((it) => it.outcome === 'failure' && it.error.disposition === 'refused');
  if (!refusal)
    return { question, outcome: 'not_seen', answer: 'nothing was refused, and no limit is provoked' };
  const retryAfter = refusal.hasRetryAfter ? 'with' : 'without';
  return { question, outcome: 'seen', answer: `${describeAnswer(refusal)}, ${retryAfter} Retry-After` };
}

function observeCache(answers: readonly SurveyAnswer[]): Observation {
  const question = 'Bloom-Status of answers';
  const words = [...new Set(answers.map(({ cache }) => cache).filter((word) => word !== undefined))].sort();
  if (words.length === 0) return { question, outcome: 'not_seen', answer: 'no answer had the header' };
  return { question, outcome: 'seen', answer: words.join(', ') };
}

function observeTier(answers: readonly SurveyAnswer[], tier: CrispTier): Observation {
  const question = 'routes that are closed to tokens of tier website';
  if (tier !== 'website') return { question, outcome: 'not_tried', answer: `this token is of tier ${tier}` };
  const closed = answers.filter(({ reason }) => reason === 'restricted_route_tier').length;
  return { question, outcome: 'seen', answer: `${closed} of the ${answers.length} that were asked` };
}

const NEEDS_HOOKS = 'needs real hooks: compare the log of the webhook';

/** What stays open after a live look, and why. */
const UNTRIED_QUESTIONS: readonly Observation[] = [
  ['how long Crisp waits for the answer to a hook, how often and when it repeats one', NEEDS_HOOKS],
  ['whether a hook that fails is switched off, and whether hooks keep an order', NEEDS_HOOKS],
  ['whether a repeated hook has a new timestamp and signature', NEEDS_HOOKS],
  ['whether website hooks are repeated', NEEDS_HOOKS],
  ['unit of X-Crisp-Request-Timestamp (both are read)', NEEDS_HOOKS],
  ['whether the signed bytes are the ones sent', NEEDS_HOOKS],
  ['events and X-Crisp-Hook-Origin of website hooks', NEEDS_HOOKS],
  ['when the daily quota begins anew, and whether cached answers count', 'a quota is not spent for a test'],
  ['whether global limits hold for website tokens', 'limits are not provoked'],
  ['addresses that Crisp calls from', 'no request of ours can tell'],
  ['how long the addresses of files live', 'addresses within conversations are never fetched'],
  ['api.eu.crisp.chat', 'no official source names it'],
].map(([question = '', answer = '']) => ({ question, outcome: 'not_tried', answer }));

/**
 * What a live look at an open question came to. `seen`: the answer says what. `not_seen`: it was tried, and nothing came
 * that would tell. `not_tried`: it cannot be tried by a few reads, or must not be.
 */
export type ObservationOutcome = 'seen' | 'not_seen' | 'not_tried';

export interface Observation {
  readonly question: string;
  readonly outcome: ObservationOutcome;
  /** Numbers, statuses and Crisp's own tokens; never a content or an id. */
  readonly answer: string;
  /** True where the pipeline relies on the opposite. */
  readonly isProblem?: boolean;
}
