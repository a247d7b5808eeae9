import { fileURLToPath } from 'node:url';
import { writeArtifacts } from './packaging/package-service.ts';

// `npm run bundle`: the functions alone, and what is in them.
const LARGEST_SHOWN = 10;
const root = fileURLToPath(new URL('..', import.meta.url));

for (const { name, bundleBytes, zipBytes, packages } of await writeArtifacts({ root })) {
  console.log(`${name}: ${toKib(bundleBytes)} KiB, zipped ${toKib(zipBytes)} KiB`);
  for (const share of packages.slice(0, LARGEST_SHOWN)) {
    console.log(`  ${toKib(share.bytes).padStart(7)} KiB  ${share.name}`);
  }
}

function toKib(bytes: number): string {
  return (bytes / 1024).toFixed(1);
}
