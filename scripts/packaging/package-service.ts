import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { zipSync } from 'fflate';
import { bundleFunctions, type FunctionBundle } from './bundle-functions.ts';

interface ApartOptions<Result> {
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

export interface PackagedService {
  readonly artifacts: readonly Artifact[];
  /** The CloudFormation template, as it would be deployed. */
  readonly templateText: string;
  readonly templatePath: string;
  readonly templateSha256: string;
}

interface PackageOptions extends ArtifactFolders {
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

interface OslsRun {
  /** Folder that holds serverless.yml. */
  readonly root: string;
  /** osls's environment; the caller's own if not given. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** `inherit` shows its output as it comes; the default keeps it for the error. */
  readonly output?: 'inherit' | 'capture';
}

/** Runs osls (the open Serverless Framework) to its end. Rejects with what it printed where it fails. */
export async function runOsls(
  words: readonly string[],
  { root, environment, output = 'capture' }: OslsRun,
): Promise<void> {
  const printed: string[] = [];
  const child = spawn(process.execPath, [findOsls(), ...words], {
    cwd: root,
    stdio: output === 'inherit' ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    ...(environment && { env: environment }),
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => printed.push(text));
  }
  const exitCode = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject).on('close', resolve);
  });
  if (exitCode !== 0) throw new Error(`osls ${words[0]} failed\n${printed.join('')}`.trimEnd());
}

function findOsls(): string {
  const manifest = createRequire(import.meta.url).resolve('serverless/package.json');
  return join(dirname(manifest), 'bin/serverless.js');
}

/** What is uploaded for one function. */
export interface Artifact extends Omit<FunctionBundle, 'code'> {
  /** The zip, in `.build/` of the output folder. */
  readonly zipPath: string;
  readonly zipBytes: number;
  readonly zipSha256: string;
  readonly bundleBytes: number;
}

interface ArtifactFolders {
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
      const zip = toZip(path, code);
      const zipPath = join(folder, `${bundle.name}.zip`);
      await Promise.all([writeFile(join(folder, path), code), writeFile(zipPath, zip)]);
      const zipSha256 = createHash('sha256').update(zip).digest('hex');
      return { ...bundle, zipPath, zipBytes: zip.length, zipSha256, bundleBytes: code.length };
    }),
  );
}

// Without a date the format takes today's. The year is the earliest that it knows, and it is told in local time.
const EARLIEST = new Date(1980, 0, 1);
const UNIX = 3;
// A regular file, rw-r--r--, in the upper half: Lambda wants files that all may read.
const FILE_MODE = 0o100644 * 0x10000;

/** A zip archive of one file. The same content gives the same bytes on every day and in every time zone. */
export function toZip(path: string, content: Uint8Array): Uint8Array {
  return zipSync({ [path]: [content, { level: 9, mtime: EARLIEST, os: UNIX, attrs: FILE_MODE }] });
}
