import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { build, type Metafile } from 'esbuild';
import { nodeBuiltins } from './node-builtins.ts';
import { undiciClient } from './undici-client.ts';

/** One Lambda function as a single file of JavaScript. */
export interface FunctionBundle {
  readonly name: string;
  readonly code: Uint8Array;
  /** Paths of all files in it, relative to the root, sorted. */
  readonly inputs: readonly string[];
  /** How much each package has in it, largest first; our own files are `crisp-enrich`. */
  readonly packages: readonly PackageShare[];
}

export interface PackageShare {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Bundles every file of `functions/`, one function each. The same sources give the same bytes. Throws esbuild's
 * `BuildFailure` where one does not compile.
 */
export async function bundleFunctions(root: string): Promise<FunctionBundle[]> {
  const files = await readdir(join(root, 'functions'));
  const entries = files.filter((file) => file.endsWith('.ts')).sort();
  return Promise.all(entries.map((entry) => bundleFunction(root, entry)));
}

async function bundleFunction(root: string, entry: string): Promise<FunctionBundle> {
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: [join('functions', entry)],
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // `main` first would take the CommonJS build of the AWS SDK, which an ESM bundle can neither shake nor load.
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [nodeBuiltins, undiciClient(root)],
  });
  const [output] = outputFiles;
  if (output === undefined) throw new Error(`esbuild made nothing of functions/${entry}`);
  return {
    name: basename(entry, '.ts'),
    code: output.contents,
    inputs: Object.keys(metafile.inputs).sort(),
    packages: toPackageShares(metafile),
  };
}

function toPackageShares({ outputs }: Metafile): PackageShare[] {
  const bytes = new Map<string, number>();
  for (const { inputs } of Object.values(outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const name = toPackageName(path);
      bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
    }
  }
  return [...bytes].map(([name, sum]) => ({ name, bytes: sum })).sort((a, b) => b.bytes - a.bytes);
}

function toPackageName(path: string): string {
  const inPackages = path.split('node_modules/').at(-1);
  if (inPackages === undefined || inPackages === path) return 'crisp-enrich';
  return inPackages.split('/', inPackages.startsWith('@') ? 2 : 1).join('/');
}
