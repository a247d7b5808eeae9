import type { Inclusion } from '../../core/config/config.ts';
import {
  LIST_ROUTE,
  NEEDED_ROUTES,
  type NeededRoute,
  type TriedConversation,
} from '../../core/doctor/crisp-routes.ts';
import type { Finding } from '../../core/doctor/finding.ts';
import { judgeClock } from '../../core/doctor/judge-clock.ts';
import { judgeRoute } from '../../core/doctor/judge-route.ts';
import { listConversations } from '../../core/doctor/list-conversations.ts';
import type { WebsiteId } from '../../core/ids.ts';
import { type CrispAccessDependencies, examineCrispAccess } from './examine-crisp-access.ts';

export interface ExamineCrispDependencies extends CrispAccessDependencies {
  readonly include: readonly Inclusion[];
}

/** Looks at token, tier, websites, each scope that a record needs, and the clock. A few requests, all of them reads. */
export function createExamineCrisp(
  dependencies: ExamineCrispDependencies,
): () => Promise<readonly Finding[]> {
  const { survey, include } = dependencies;
  const needed = NEEDED_ROUTES.filter(
    ({ inclusion }) => inclusion === undefined || include.includes(inclusion),
  );

  return async () => {
    const { findings, websiteIds } = await examineCrispAccess(dependencies);
    const scopes = await examineScopes(websiteIds[0]);
    return [...findings, ...scopes, judgeClock('Crisp', survey.clockSample)];
  };

  async function examineScopes(websiteId: WebsiteId | undefined): Promise<Finding[]> {
    if (websiteId === undefined) return [LIST_ROUTE, ...needed].map(toSkipped('no website answers'));
    const listing = await survey.ask(['website', { websiteId }, 'conversations', { page: 1 }]);
    const error = listing.outcome === 'failure' ? listing.error : undefined;
    const listed = judgeRoute(LIST_ROUTE, { error, reason: listing.reason });
    if (error) return [listed, ...needed.map(toSkipped('no conversation can be listed to try it on'))];
    const conversations = listConversations(listing.outcome === 'data' ? listing.data : [], websiteId);
    const findings: Finding[] = [listed];
    for (const route of needed) findings.push(await examineRoute(route, conversations));
    return findings;
  }

  async function examineRoute(
    route: NeededRoute,
    conversations: readonly TriedConversation[],
  ): Promise<Finding> {
    const path = conversations.map(route.path).find((it) => it !== undefined);
    if (path === undefined) return toSkipped('there is no conversation yet to try it on')(route);
    const answer = await survey.ask(path);
    const error = answer.outcome === 'failure' ? answer.error : undefined;
    return judgeRoute(route, { error, reason: answer.reason });
  }
}

function toSkipped(message: string): (route: Pick<NeededRoute, 'scope'>) => Finding {
  return ({ scope }) => ({ check: `scope ${scope}`, state: 'skipped', message });
}
