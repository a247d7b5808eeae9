import { findImports } from '../source/find-imports.ts';
import type { Violation } from '../source/find-pattern.ts';
import type { SourceFile } from '../source/source-file.ts';

// What each layer may import beside itself. Local mode serves the console, so it alone may know another entry layer.
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ports: ['core'],
  'use-cases': ['ports', 'core'],
  adapters: ['ports', 'core'],
  app: ['use-cases', 'adapters', 'ports', 'core'],
  functions: ['app', 'use-cases', 'adapters', 'ports', 'core'],
  console: ['app', 'use-cases', 'adapters', 'ports', 'core'],
  cli: ['app', 'use-cases', 'adapters', 'ports', 'core'],
  local: ['console', 'app', 'use-cases', 'adapters', 'ports', 'core'],
};

/** Imports point one way: functions, local, console, cli → app → use-cases and adapters → ports → core. */
export function checkImportDirection(files: readonly SourceFile[]): Violation[] {
  return files.flatMap((file) => {
    const layer = toLayer(file.path);
    if (layer === undefined) return [];
    return findImports(file)
      .filter(({ path }) => path !== undefined && !isAllowed(layer, path))
      .map(({ path }) => `${file.path} imports ${path}`);
  });
}

function isAllowed(layer: string, path: string): boolean {
  const target = toLayer(path);
  return target !== undefined && (target === layer || (MAY_IMPORT[layer]?.includes(target) ?? false));
}

// lib/LAYER/… or functions/…; everything else belongs to no layer, and no layer may import it.
function toLayer(path: string): string | undefined {
  const [top = '', folder = ''] = path.split('/');
  const name = top === 'lib' ? folder : top;
  return Object.hasOwn(MAY_IMPORT, name) ? name : undefined;
}
