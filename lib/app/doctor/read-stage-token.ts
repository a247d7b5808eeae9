import type { SSMClient } from '@aws-sdk/client-ssm';
import { toAwsOperationError } from '../../adapters/aws-operation-error.ts';
import { createSsmSecrets } from '../../adapters/secrets/ssm-secrets.ts';
import type { CrispToken } from '../../core/config/config.ts';
import { toSecretsPath } from '../../core/config/stored-secrets.ts';
import { ConfigError } from '../../core/errors/config-error.ts';
import type { Clock } from '../../ports/clock.ts';

/**
 * The Crisp token of a stage, to ask Crisp with; undefined where there is none yet. Throws `ConfigError` for half a one,
 * `OperationError` where it may not be read.
 */
export async function readStageToken(
  client: SSMClient,
  { stage, clock }: { readonly stage: string; readonly clock: Clock },
): Promise<CrispToken | undefined> {
  const path = toSecretsPath(stage);
  try {
    return await createSsmSecrets({ path, clock, client }).crispToken();
  } catch (thrown) {
    if (thrown instanceof ConfigError) throw thrown;
    throw toAwsOperationError(thrown, { action: 'ssm:GetParameter', resource: `${path}CRISP_TOKEN_*` });
  }
}
