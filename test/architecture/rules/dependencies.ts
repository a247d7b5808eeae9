import * as z from 'zod';
import type { Violation } from '../source/find-pattern.ts';

const Versions = z.record(z.string(), z.string()).default({});
const Manifest = z.object({
  dependencies: Versions,
  devDependencies: Versions,
  optionalDependencies: Versions,
});
const Lockfile = z.object({
  packages: z.record(
    z.string(),
    z.object({ resolved: z.string().optional(), integrity: z.string().optional() }),
  ),
});

const EXACT = /^(?:npm:[\w@/-]+@)?\d+\.\d+\.\d+(?:-[\w.]+)?$/;

/** Every dependency is pinned to one version, in package.json too. */
export function checkPins(manifestText: string): Violation[] {
  const manifest = Manifest.parse(JSON.parse(manifestText));
  return Object.values(manifest)
    .flatMap((group) => Object.entries(group))
    .filter(([, version]) => !EXACT.test(version))
    .map(([name, version]) => `${name} is not pinned: ${version}`);
}

/** The lockfile holds each package to its hash, and names no host that it must come from. */
export function checkLockfile(lockfileText: string): Violation[] {
  const { packages } = Lockfile.parse(JSON.parse(lockfileText));
  return Object.entries(packages)
    .filter(([path]) => path !== '')
    .flatMap(([path, { resolved, integrity }]) => [
      ...(resolved === undefined ? [] : [`${path} comes from ${new URL(resolved).host}`]),
      ...(integrity === undefined ? [`${path} has no integrity`] : []),
    ]);
}
