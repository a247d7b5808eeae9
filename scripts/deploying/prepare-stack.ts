import { loadDeploySettings, loadOperatorConfig } from '../../lib/app/load-config.ts';
import { writeArtifacts } from '../packaging/write-artifacts.ts';
import { parseStage, type StageArguments } from './parse-stage.ts';
import { requireCredentials } from './require-credentials.ts';
import { requireCrispToken } from './require-crisp-token.ts';

export interface PreparedStack extends StageArguments {
  readonly region: string;
}

/**
 * All that can be wrong on this side is found before osls begins: the stage, the configuration, the credentials, and for
 * a deployment the Crisp token. Then writes the artefacts, which osls wants to exist whatever it is asked for. Throws
 * `UsageError`, `ConfigError` or `OperationError`.
 */
export async function prepareStack(
  root: string,
  words: readonly string[],
  { needsToken }: { readonly needsToken: boolean },
): Promise<PreparedStack> {
  const stage = parseStage(words);
  loadDeploySettings();
  await requireCredentials();
  const { region = loadOperatorConfig({ isLocal: false }).region } = stage;
  if (needsToken) await requireCrispToken({ stage: stage.stage, region });
  await writeArtifacts({ root });
  return { ...stage, region };
}
