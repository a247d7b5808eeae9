import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { bundleFunctions, type FunctionBundle } from './bundle-functions.ts';
import { toZip } from './to-zip.ts';

/** What is uploaded for one function. */
export interface Artifact extends Omit<FunctionBundle, 'code'> {
  /** The zip, in `.build/` of the output folder. */
  readonly zipPath: string;
  readonly zipBytes: number;
  readonly zipSha256: string;
  readonly bundleBytes: number;
}

export interface ArtifactFolders {
  /** The repository. */
  readonly root: string;
  /** Where `.build/` is made; the repository itself if not given. */
  readonly output?: string;
}

/** Bundles and zips every function. Each is written both as a file that Node can run and as the zip that AWS takes. */
export async function writeArtifacts({ root, output = root }: ArtifactFolders): Promise<Artifact[]> {
  const folder = join(output, '.build');
  await mkdir(join(folder, 'functions'), { recursive: true });
  const bundles = await bundleFunctions(root);
  return Promise.all(
    bundles.map(async ({ code, ...bundle }) => {
      const path = `functions/${bundle.name}.mjs`;
      const zip = toZip([{ path, content: code }]);
      const zipPath = join(folder, `${bundle.name}.zip`);
      await Promise.all([writeFile(join(folder, path), code), writeFile(zipPath, zip)]);
      const zipSha256 = createHash('sha256').update(zip).digest('hex');
      return { ...bundle, zipPath, zipBytes: zip.length, zipSha256, bundleBytes: code.length };
    }),
  );
}
