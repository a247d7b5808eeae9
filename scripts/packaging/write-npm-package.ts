import { execFile } from 'node:child_process';
import { cp, mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { bundlePage } from '../../lib/console/bundle.ts';

const run = promisify(execFile);

/** The parts of package.json that a release has as well. */
interface Manifest {
  readonly exports: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly [field: string]: unknown;
}

const FIELDS = ['name', 'version', 'description', 'license', 'type', 'bin', 'engines'];

// `infra` is what the doctor compares a stage with; the command finds it beside `dist`, as it does beside `lib`.
const FILES = [
  'CHANGELOG.md',
  'LICENSE',
  'README.md',
  'docs',
  'infra',
  'lib/cli/crisp-enrich.mjs',
  'lib/cli/lean-start.mjs',
];

/** Of the pictures, only the one that the texts show goes along. */
function isForTheRepository(path: string): boolean {
  return path.endsWith('.png') && basename(path) !== 'flow.png';
}

/**
 * Writes into `folder` what a release holds: the command line and the consumer kit as JavaScript, since Node strips no
 * types under node_modules, and a manifest with those dependencies alone that they import. Rejects where it does not
 * compile.
 */
export async function writeNpmPackage({ root, folder }: { root: string; folder: string }): Promise<void> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const dist = join(folder, 'dist');
  for (const project of ['cli', 'record']) {
    const config = join(root, `scripts/packaging/${project}.tsconfig.json`);
    await run(join(root, 'node_modules/.bin/tsc'), ['-p', config, '--outDir', dist]);
  }
  await rewriteDeclarations(dist);
  const manifest: Manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  const imported = await findImportedPackages(dist);
  await writePage(join(dist, 'console/assets'));
  for (const file of FILES) {
    await mkdir(dirname(join(folder, file)), { recursive: true });
    await cp(join(root, file), join(folder, file), {
      recursive: true,
      filter: (it) => !isForTheRepository(it),
    });
  }

  const written = {
    ...pick(manifest, FIELDS),
    exports: Object.fromEntries(Object.entries(manifest.exports).map(([at, path]) => [at, toBuilt(path)])),
    dependencies: pick(manifest.dependencies, [...imported].sort()),
  };
  await writeFile(join(folder, 'package.json'), `${JSON.stringify(written, null, 2)}\n`);
}

/** The page of the console, which the repository makes at its first request. */
async function writePage(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const [name, text] of Object.entries(await bundlePage())) await writeFile(join(folder, name), text);
}

function toBuilt(path: string): string | { types: string; default: string } {
  const built = /^\.\/lib\/(.+)\.ts$/.exec(path)?.[1];
  return built === undefined ? path : { types: `./dist/${built}.d.ts`, default: `./dist/${built}.js` };
}

// The compiler rewrites the imports of JavaScript alone.
async function rewriteDeclarations(folder: string): Promise<void> {
  for (const file of await readdir(folder, { recursive: true })) {
    if (!file.endsWith('.d.ts')) continue;
    const text = await readFile(join(folder, file), 'utf8');
    await writeFile(join(folder, file), text.replaceAll(/( from '\.[^']*)\.ts'/g, "$1.js'"));
  }
}

// What the compiler wrote: one import a statement, at the beginning of a line, or `import('…')`.
const IMPORT = /(?:^(?:import|export)\b[^;]*?\bfrom |^import |\bimport\()'([^'.][^']*)'/gm;

async function findImportedPackages(folder: string): Promise<Set<string>> {
  const files = (await readdir(folder, { recursive: true })).filter((file) => file.endsWith('.js'));
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  const specifiers = texts.flatMap((text) =>
    [...text.matchAll(IMPORT)].map(([, specifier = '']) => specifier),
  );
  const packages = specifiers.filter((specifier) => !specifier.startsWith('node:'));
  return new Set(packages.map((specifier) => /^(?:@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier));
}

function pick(from: Readonly<Record<string, unknown>>, names: readonly string[]): Record<string, unknown> {
  return Object.fromEntries(names.filter((name) => name in from).map((name) => [name, from[name]]));
}
