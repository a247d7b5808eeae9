import type { CrispTier } from '../../core/config/config.ts';
import type { CrispSegment } from '../../core/crisp/crisp-url.ts';
import { isCrispObject } from '../../core/crisp/is-crisp-object.ts';
import type { Finding } from '../../core/doctor/finding.ts';
import { judgeCrispFailure } from '../../core/doctor/judge-crisp-failure.ts';
import type { SurveyAnswer } from '../../core/doctor/survey-answer.ts';
import { parseWebsiteId, type WebsiteId } from '../../core/ids.ts';
import type { CrispSurvey } from '../../ports/crisp-survey.ts';

export interface CrispAccessDependencies {
  readonly survey: CrispSurvey;
  /** The same token as one of the other tier, asked where this one is rejected. */
  readonly otherTier: CrispSurvey;
  readonly tier: CrispTier;
  /** True for the token of a local mode. */
  readonly isLocal?: boolean;
  /** Empty: all that the token may read. */
  readonly websiteIds: readonly WebsiteId[];
}

export interface CrispAccess {
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
    .map((item) => parseWebsiteId(isCrispObject(item) ? item.website_id : undefined))
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
