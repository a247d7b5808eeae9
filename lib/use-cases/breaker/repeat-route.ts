import { toEvidence } from '../../core/breaker/to-evidence.ts';
import type { JobError } from '../../core/errors/job-error.ts';
import { toJobError } from '../../core/errors/to-job-error.ts';
import type { SessionRef, WebsiteId } from '../../core/ids.ts';
import type { CrispApi } from '../../ports/crisp-api.ts';

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
};

/** The profile is the conversation's: its id is noted nowhere, for it is a person's. */
async function repeatProfile(
  crisp: CrispApi,
  session: SessionRef,
): Promise<JobError | 'not-asked' | undefined> {
  let peopleId: unknown;
  const error = await toFailure(
    crisp.getConversation(session).then((conversation) => {
      peopleId = conversation.people_id;
    }),
  );
  // A conversation that is gone, or that the token may not see, has shown no profile either.
  if (error) return toEvidence(error) === 'none' ? 'not-asked' : error;
  if (typeof peopleId !== 'string' || peopleId === '') return 'not-asked';
  return toFailure(crisp.getProfile(session.websiteId, peopleId));
}
