import { copyFile, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PackagedService, packageService } from './package-service.ts';

export interface ApartOptions<Result> {
  readonly root: string;
  readonly stage: string;
  /** Variables of the configuration. Nothing of the machine's own is seen, but where its programs are. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Takes out of the folder what is to outlive it. */
  readonly read: (packaged: PackagedService, output: string) => Promise<Result>;
}

/** Packages in a folder that is gone afterwards; the repository stays as it is. */
export async function packageApart<Result>({
  root,
  stage,
  environment,
  read,
}: ApartOptions<Result>): Promise<Result> {
  const output = await mkdtemp(join(tmpdir(), 'crisp-enrich-package-'));
  try {
    // osls takes no link for a configuration.
    await copyFile(join(root, 'serverless.yml'), join(output, 'serverless.yml'));
    for (const name of ['infra', 'node_modules']) await symlink(join(root, name), join(output, name));
    // osls looks for its settings in the home folder.
    const apart = { PATH: process.env.PATH, HOME: output, ...environment };
    return await read(await packageService({ root, output, stage, environment: apart }), output);
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}
