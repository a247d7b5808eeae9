import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { findActions } from '../rules/used-actions.ts';
import { ROOT } from './package-repository.ts';

// Where the commands get at AWS, all but `doctor`, which is for whoever deploys.
const DOORS = ['create-operations.ts', 'connect-stage.ts', 'open-secret-store.ts'];

// `trace` reads the archive through the adapter that the consumer writes it with.
const NOT_CALLED = ['s3:PutObject'];

/** The rights that the commands of a person ask for. */
export async function findOperatorActions(): Promise<string[]> {
  const { metafile } = await build({
    absWorkingDir: ROOT,
    entryPoints: DOORS.map((file) => join('lib/app', file)),
    bundle: true,
    write: false,
    metafile: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: 'out',
  });
  const actions = Object.keys(metafile.inputs).flatMap((path) =>
    findActions(readFileSync(join(ROOT, path), 'utf8')),
  );
  return [...new Set(actions.flatMap(toRights))].filter((action) => !NOT_CALLED.includes(action));
}

/** IAM knows no rights of their own for SQS's batches, and other names for listing and deleting objects. */
function toRights(action: string): string[] {
  if (action === 's3:ListObjectsV2') return ['s3:ListBucket'];
  if (action === 's3:ListObjectVersions') return ['s3:ListBucketVersions'];
  if (action === 's3:DeleteObjects') return ['s3:DeleteObject', 's3:DeleteObjectVersion'];
  return [action.startsWith('sqs:') ? action.replace(/Batch$/, '') : action];
}
