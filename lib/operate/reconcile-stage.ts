import type { Inclusion } from '../config/config.ts';
import { createEnvironmentSecrets } from '../config/secret-reader.ts';
import { OperationError } from '../errors.ts';
import type { WebsiteId } from '../ids.ts';
import { findSetup } from './doctor/setup.ts';
import type { ConnectOptions } from './operations.ts';
import { createReconciler, type Reconciler } from './reconciler.ts';
import { createOperatorClients } from './stage.ts';

/**
 * What a person reconciles a stage with: as the stage's own sweeps do, with its token, at the share of the rate that is
 * kept for them. Rejects with `OperationError`: `crisp_unusable` where stage or token are not to be had.
 */
export async function openReconciler(options: ConnectOptions): Promise<StageReconciler> {
  const { stage, crisp, findings } = await findSetup(options);
  if (stage === undefined || crisp === undefined) {
    const problem = findings.find(({ state }) => state === 'fail');
    const reason = problem ? (problem.remedy ?? problem.message) : 'there is no token to ask it with';
    throw new OperationError('crisp_unusable', `Crisp cannot be asked: ${reason}`);
  }
  const clients = createOperatorClients(stage);
  const { sqs, dynamodb } = clients;
  const { token, config } = crisp;
  const secrets = createEnvironmentSecrets({ source: 'environment', hookSecrets: [], crispToken: token });
  const reconciler = createReconciler(
    {
      ...config,
      ...{ sessionsQueueUrl: stage.queues.sessions, archiveBucket: stage.bucket, ledgerTable: stage.table },
    },
    { secrets, clients: { sqs, dynamodb, s3: await clients.s3() }, clock: options.clock, telemetry: SILENT },
  );
  return {
    ...reconciler,
    include: config.include,
    maxPages: config.maxPages,
    async close() {
      await reconciler.close();
      clients.destroy();
    },
  };
}

interface StageReconciler extends Reconciler {
  /** As the stage's own fetches read it. */
  readonly include: readonly Inclusion[];
  readonly maxPages: number;
}

// A person reads the report.
const SILENT = { emit() {} };

/** The websites that a command is about. Throws `OperationError` `website_id_invalid` for one that the stage does not serve. */
export async function chooseWebsites(
  { listWebsites }: Pick<Reconciler, 'listWebsites'>,
  given: WebsiteId | undefined,
): Promise<readonly WebsiteId[]> {
  const served = await listWebsites();
  if (given === undefined) return served;
  if (served.includes(given)) return [given];
  const choices = served.length === 0 ? 'none' : served.join(', ');
  const message = `website_id_invalid: ${given} is no website of this stage (it has ${choices})`;
  throw new OperationError('website_id_invalid', message);
}
