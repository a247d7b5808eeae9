import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { runOsls } from './run-osls.ts';
import { type Artifact, type ArtifactFolders, writeArtifacts } from './write-artifacts.ts';

export interface PackagedService {
  readonly artifacts: readonly Artifact[];
  /** The CloudFormation template, as it would be deployed. */
  readonly templateText: string;
  readonly templatePath: string;
  readonly templateSha256: string;
}

export interface PackageOptions extends ArtifactFolders {
  readonly stage: string;
  /** Where the configuration is read from; the caller's own environment if not given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

// osls's name for the template with everything in it (the other one has only the bucket for the artefacts).
const TEMPLATE_PATH = '.serverless/cloudformation-template-update-stack.json';

/**
 * Makes the functions' zips and the template, without network or credentials. An output folder other than the
 * repository must hold serverless.yml and infra/. The same sources give the same bytes. Rejects with what osls said.
 */
export async function packageService({
  root,
  output = root,
  stage,
  environment,
}: PackageOptions): Promise<PackagedService> {
  const artifacts = await writeArtifacts({ root, output });
  await runOsls(['package', '--stage', stage], { root: output, ...(environment && { environment }) });
  const templatePath = join(output, TEMPLATE_PATH);
  const templateText = await readFile(templatePath, 'utf8');
  const templateSha256 = createHash('sha256').update(templateText).digest('hex');
  return { artifacts, templateText, templatePath, templateSha256 };
}
