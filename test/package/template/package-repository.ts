import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageApart } from '../../../scripts/packaging/package-apart.ts';
import type { PackagedService } from '../../../scripts/packaging/package-service.ts';

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
  return packageApart({
    root: ROOT,
    stage: STAGE,
    environment,
    read: async (packaged, output) => ({ ...packaged, bundles: await readBundles(packaged, output) }),
  });
}

async function readBundles({ artifacts }: PackagedService, output: string): Promise<Map<string, Buffer>> {
  const bundles = artifacts.map(async ({ name }) => {
    return [name, await readFile(join(output, `.build/functions/${name}.mjs`))] as const;
  });
  return new Map(await Promise.all(bundles));
}
