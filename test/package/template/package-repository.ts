import { copyFile, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type PackagedService, packageService } from '../../../scripts/packaging/package-service.ts';

export const ROOT = join(import.meta.dirname, '../../..');
export const STAGE = 'test';

export interface RepositoryPackage extends PackagedService {
  /** Each function's bundle, as it is in its zip. */
  readonly bundles: ReadonlyMap<string, Buffer>;
}

/** Packages the repository in a folder of its own, which is gone afterwards; the working tree stays as it is. */
export async function packageRepository(
  environment: Readonly<Record<string, string>> = {},
): Promise<RepositoryPackage> {
  const output = await mkdtemp(join(tmpdir(), 'crisp-enrich-package-'));
  try {
    // osls takes no link for a configuration.
    await copyFile(join(ROOT, 'serverless.yml'), join(output, 'serverless.yml'));
    for (const name of ['infra', 'node_modules']) {
      await symlink(join(ROOT, name), join(output, name));
    }
    const packaged = await packageService({
      root: ROOT,
      output,
      stage: STAGE,
      // Nothing of the machine's own configuration; osls looks for its settings in the home folder.
      environment: { PATH: process.env.PATH, HOME: output, ...environment },
    });
    return { ...packaged, bundles: await readBundles(packaged, output) };
  } finally {
    await rm(output, { recursive: true, force: true });
  }
}

async function readBundles({ artifacts }: PackagedService, output: string): Promise<Map<string, Buffer>> {
  const bundles = artifacts.map(async ({ name }) => {
    return [name, await readFile(join(output, `.build/functions/${name}.mjs`))] as const;
  });
  return new Map(await Promise.all(bundles));
}
