import { findImports } from '../source/find-imports.ts';
import type { Violation } from '../source/find-pattern.ts';
import type { SourceFile } from '../source/source-file.ts';

const ORACLE = 'test/chaos/oracle/';
/** What subscribers are promised is all that the oracle shares with the code that it judges. */
const RECORD_SCHEMA = 'lib/core/record/schema.ts';

/**
 * The oracle judges a run by its history alone: it shares neither code nor mistakes with what it judges, and none with
 * the world that makes the history.
 */
export function checkOracleIndependence(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => path.startsWith(ORACLE))
    .flatMap((file) =>
      findImports(file)
        .filter(({ path }) => path !== undefined && path !== RECORD_SCHEMA && !path.startsWith(ORACLE))
        .map(({ path }) => `${file.path} imports ${path}`),
    );
}
