import { loadDeploySettings } from '../../lib/app/load-config.ts';
import { writeArtifacts } from '../packaging/write-artifacts.ts';
import { parseStage, type StageArguments } from './parse-stage.ts';
import { requireCredentials } from './require-credentials.ts';

/**
 * All that can be wrong on this side is found before osls begins: the stage, the configuration, the credentials. Then
 * writes the artefacts, which osls wants to exist whatever it is asked for. Throws `UsageError` or `ConfigError`.
 */
export async function prepareStack(root: string, words: readonly string[]): Promise<StageArguments> {
  const stage = parseStage(words);
  loadDeploySettings();
  await requireCredentials();
  await writeArtifacts({ root });
  return stage;
}
