import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { readCloudFormationStage } from '../adapters/cloudformation-stage.ts';
import { readLocalModeHealth } from '../adapters/local-mode-health.ts';
import type { OperatorConfig } from '../core/config/parse-operator-config.ts';
import type { OperatedStage } from '../core/operated-stage.ts';
import type { Clock } from '../ports/clock.ts';
import { createOperations, type Operations } from './create-operations.ts';
import { createOperatorClients } from './operator-clients.ts';

export interface ConnectOptions {
  /** Undefined: local mode. */
  readonly stage: string | undefined;
  readonly region: string | undefined;
  readonly config: OperatorConfig;
  readonly clock: Clock;
}

/** Finds a stage, by local mode's `healthz` or by its stack, and connects to it. Rejects with `OperationError`. */
export async function connectStage({ config, clock, ...target }: ConnectOptions): Promise<Operations> {
  const stage = await findStage(config, target);
  const clients = createOperatorClients(stage);
  const websiteIds = stage.websiteIds ?? config.websiteIds;
  return createOperations({ stage, clients, coalesce: config.coalesce, websiteIds, clock });
}

async function findStage(
  { localUrl, profile, region: usualRegion }: OperatorConfig,
  { stage, region = usualRegion }: Pick<ConnectOptions, 'stage' | 'region'>,
): Promise<OperatedStage> {
  if (stage === undefined) return readLocalModeHealth(localUrl);
  const cloudFormation = new CloudFormationClient({ region });
  try {
    return await readCloudFormationStage(cloudFormation, { stage, region, profile });
  } finally {
    cloudFormation.destroy();
  }
}
