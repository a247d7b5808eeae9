import { randomUUID } from 'node:crypto';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { createCallBudget } from '../../adapters/crisp/call-budget.ts';
import { createCrispSurvey } from '../../adapters/crisp/create-crisp-survey.ts';
import { createSqsScratchQueues } from '../../adapters/sqs/sqs-scratch-queues.ts';
import type { CrispToken } from '../../core/config/config.ts';
import type { Observation } from '../../core/doctor/observation.ts';
import { OperationError } from '../../core/errors/operation-error.ts';
import { parseSessionId, type WebsiteId } from '../../core/ids.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CrispSurvey } from '../../ports/crisp-survey.ts';
import { examineCrispAccess } from '../../use-cases/doctor/examine-crisp-access.ts';
import { observeCrisp } from '../../use-cases/doctor/observe-crisp.ts';
import { observeDeduplication } from '../../use-cases/doctor/observe-deduplication.ts';
import type { CrispSetup, Setup } from './setup.ts';

/** What a live look costs at most, in requests to Crisp. */
export const MAX_LIVE_CALLS = 20;

export interface LiveLook {
  readonly observations: readonly Observation[];
  /** Requests that Crisp got. */
  readonly calls: number;
}

export interface ObserveOptions {
  /** Of the stage that was found; undefined: the queue is not tried. */
  readonly sqs: SQSClient | undefined;
  readonly clock: Clock;
  /** See `createSqsScratchQueues`. */
  readonly waitSeconds?: number;
}

/**
 * Asks Crisp and SQS what no document says. Rejects with `OperationError`: `crisp_unusable` where no website can be asked
 * about, or what AWS refuses.
 */
export async function observeSetup(setup: Setup, options: ObserveOptions): Promise<LiveLook> {
  const { sqs, clock, waitSeconds } = options;
  if (!setup.crisp) throw toUnusable('there is no token to ask it with');
  const { observations, calls } = await observeCrispSetup(setup.crisp, clock);
  if (!sqs) return { observations, calls };
  const endpoint = setup.stage?.endpoints?.sqs;
  const queues = createSqsScratchQueues(sqs, { endpoint, ...(waitSeconds !== undefined && { waitSeconds }) });
  return { observations: [...observations, await observeDeduplication({ queues, clock })], calls };
}

async function observeCrispSetup(crisp: CrispSetup, clock: Clock): Promise<LiveLook> {
  const { baseUrl, tier, token } = crisp;
  const budget = createCallBudget(MAX_LIVE_CALLS);
  const common = { baseUrl, tier, clock, budget };
  const survey = createCrispSurvey({ ...common, token });
  const strangerSurvey = createCrispSurvey({ ...common, token: toStranger(token) });
  try {
    const websiteId = await findWebsite(crisp, survey, strangerSurvey);
    const missingSessionId = parseSessionId(`session_${randomUUID()}`);
    if (!missingSessionId) throw new TypeError('a made-up session id is none');
    const observations = await observeCrisp({ survey, strangerSurvey, tier, websiteId, missingSessionId });
    return { observations, calls: budget.spent };
  } finally {
    await Promise.all([survey.close(), strangerSurvey.close()]);
  }
}

/** The same identifier with another key: nobody's token. */
function toStranger({ identifier }: CrispToken): CrispToken {
  return { identifier, key: randomUUID().replaceAll('-', '').repeat(2) };
}

async function findWebsite(
  { tier, websiteIds }: CrispSetup,
  survey: CrispSurvey,
  otherTier: CrispSurvey,
): Promise<WebsiteId> {
  const access = await examineCrispAccess({ survey, otherTier, tier, websiteIds: websiteIds.slice(0, 1) });
  const [websiteId] = access.websiteIds;
  if (websiteId !== undefined) return websiteId;
  const problem = access.findings.find(({ state }) => state !== 'ok');
  throw toUnusable(problem?.message ?? 'no website answers');
}

function toUnusable(reason: string): OperationError {
  return new OperationError(
    'crisp_unusable',
    `Crisp cannot be looked at: ${reason}; run doctor without --live`,
  );
}
