import type { JobError } from '../../core/errors/job-error.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import type { SessionRef, WebsiteId } from '../../core/ids.ts';
import type { CrispApi } from '../../ports/crisp-api.ts';

/** Asks Crisp on one route, as a run would, for one session. Undefined where it gave the answer; its failure otherwise. */
export async function repeatRoute(
  crisp: CrispApi,
  route: string,
  session: SessionRef,
): Promise<JobError | undefined> {
  const ask = ROUTES[route];
  return ask ? toFailure(ask(crisp, session)) : askForWebsite(crisp, session.websiteId);
}

/** Asks for the website itself: the cheapest request there is. */
export function askForWebsite(crisp: CrispApi, websiteId: WebsiteId): Promise<JobError | undefined> {
  return toFailure(crisp.getWebsite(websiteId));
}

async function toFailure(answer: Promise<unknown>): Promise<JobError | undefined> {
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
  'website/people/profile': askForProfile,
};

/** The profile is the conversation's: its id is noted nowhere, for it is a person's. */
async function askForProfile(crisp: CrispApi, session: SessionRef): Promise<void> {
  const { people_id: peopleId } = await crisp.getConversation(session);
  if (typeof peopleId === 'string' && peopleId !== '') await crisp.getProfile(session.websiteId, peopleId);
}
