import { expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkOracleIndependence } from './oracle-independence.ts';

test('the oracle knows nothing of the code but the schema of records', () => {
  const files = readSourceFiles(['test/chaos/oracle'], ['.ts']);

  expect(files.length).toBeGreaterThan(10);
  expect(checkOracleIndependence(files)).toEqual([]);
});

test.each([
  "import { contentHash } from '../../../../lib/core/record/content-hash.ts';",
  "import type { SessionRef } from '../../../../lib/core/ids.ts';",
  "import { createWorld } from '../../world/create-world.ts';",
  "import { createVirtualClock } from '../../../support/virtual-clock.ts';",
  "const { judge } = await import('../../../../lib/use-cases/verdicts.ts');",
])('the oracle may not contain %s', (text) => {
  expect(checkOracleIndependence([{ path: 'test/chaos/oracle/invariants/a.ts', text }])).toHaveLength(1);
});

test.each([
  "import { recordSchema } from '../../../../lib/core/record/schema.ts';",
  "import type { History } from '../history.ts';",
  "import { createHash } from 'node:crypto';",
  "import * as z from 'zod';",
])('the oracle may contain %s', (text) => {
  expect(checkOracleIndependence([{ path: 'test/chaos/oracle/invariants/a.ts', text }])).toEqual([]);
});
