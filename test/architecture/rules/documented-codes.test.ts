import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { BadInvocationError } from '../../../lib/core/errors/bad-invocation-error.ts';
import { CONFIG_PROBLEMS } from '../../../lib/core/errors/config-error.ts';
import { HOOK_REFUSALS } from '../../../lib/core/errors/hook-refused-error.ts';
import { JOB_ERRORS } from '../../../lib/core/errors/job-error.ts';
import { OPERATION_ERRORS } from '../../../lib/core/errors/operation-error.ts';
import { ROOT } from '../source/source-file.ts';
import { checkDocumentedCodes } from './documented-codes.ts';

const INVOCATION_ERRORS = { bad_invocation: undefined, bad_record: undefined } satisfies Record<
  BadInvocationError['code'],
  undefined
>;

test('docs/errors.md lists exactly the codes of lib/core/errors, with their status or disposition', () => {
  const document = readFileSync(join(ROOT, 'docs/errors.md'), 'utf8');

  const violations = checkDocumentedCodes(document, [
    { heading: 'Refused hooks', codes: HOOK_REFUSALS },
    { heading: 'Failed jobs', codes: JOB_ERRORS },
    { heading: 'Command line', codes: OPERATION_ERRORS },
    { heading: 'Failed invocations', codes: INVOCATION_ERRORS },
    {
      heading: 'Configuration',
      codes: Object.fromEntries(CONFIG_PROBLEMS.map((code) => [code, undefined])),
    },
  ]);

  expect(violations).toEqual([]);
});

const table = (...rows: string[]) =>
  ['## Stage', '', '| code | status | meaning |', ...rows, '', '## Next'].join('\n');

test.each([
  ['a code that is not documented', [], ['Stage lacks not_found']],
  [
    'a documented code that is gone',
    ['| `not_found` | 404 | Lost. |', '| `gone` | 410 | Gone. |'],
    ['Stage has the unknown gone'],
  ],
  ['another status than the code says', ['| `not_found` | 400 | Lost. |'], ['Stage says 400 of not_found']],
  [
    'a code that stands twice',
    ['| `not_found` | 404 | Lost. |', '| `not_found` | 404 | Lost. |'],
    ['Stage has not_found twice'],
  ],
])('%s is a violation', (_case, rows, violations) => {
  expect(checkDocumentedCodes(table(...rows), [{ heading: 'Stage', codes: { not_found: 404 } }])).toEqual(
    violations,
  );
});
