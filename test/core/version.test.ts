import { expect, test } from 'vitest';
import { VERSION } from '../../lib/core/version.ts';
import manifest from '../../package.json' with { type: 'json' };

test('the version that we tell is the version of the package', () => {
  expect(VERSION).toBe(manifest.version);
});
