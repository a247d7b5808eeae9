import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeNpmPackage } from './packaging/write-npm-package.ts';

// `npm run release`: the tarball of a release under .build/, not published. docs/releasing.md says what follows.
const root = fileURLToPath(new URL('..', import.meta.url));
const folder = join(root, '.build/npm/package');

await writeNpmPackage({ root, folder });
execFileSync('npm', ['pack', folder, '--pack-destination', join(root, '.build/npm')], { stdio: 'inherit' });
