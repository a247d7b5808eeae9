import type { CrispTier } from '../../core/config/config.ts';
import type { CrispSegment } from '../../core/crisp/crisp-url.ts';
import { type TriedConversation, toConversationPath } from '../../core/doctor/crisp-routes.ts';
import { listConversations } from '../../core/doctor/list-conversations.ts';
import type { Observation } from '../../core/doctor/observation.ts';
import { observeAnswer } from '../../core/doctor/observe-answer.ts';
import { observeList } from '../../core/doctor/observe-list.ts';
import { observeMessages, readTimestamps } from '../../core/doctor/observe-messages.ts';
import { observeTraffic } from '../../core/doctor/observe-traffic.ts';
import type { SurveyAnswer } from '../../core/doctor/survey-answer.ts';
import { UNTRIED_QUESTIONS } from '../../core/doctor/untried-questions.ts';
import type { SessionId, WebsiteId } from '../../core/ids.ts';
import type { CrispSurvey } from '../../ports/crisp-survey.ts';

export interface ObserveCrispDependencies {
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
