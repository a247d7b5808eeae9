import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseStage } from '../../../scripts/deploying/parse-stage.ts';
import { UsageError } from '../../../scripts/deploying/usage-error.ts';

test.each(['dev', 'prod', 'eu-prod-2', 'a'])('%s can be a stage', (stage) => {
  expect(parseStage(['--stage', stage])).toEqual({ stage, forOsls: ['--stage', stage] });
});

test.each([
  '',
  'Prod',
  '2nd',
  'a b',
  'a_b',
  'a--b',
  '-a',
  'a-',
  'local',
  '../a',
  'a'.repeat(21),
  'ä',
  'prod\n',
])('"%s" cannot be a stage', (stage) => {
  expect(() => parseStage([`--stage=${stage}`])).toThrow(UsageError);
});

test('whatever is accepted makes a bucket name that S3 accepts', () => {
  const word = fc.stringMatching(/^[a-z0-9-]{1,25}$/);
  fc.assert(
    fc.property(word, (text) => {
      const stage = acceptedStage(text);
      if (stage === undefined) return;
      expect(`crisp-enrich-${stage}-archive-000000000000`).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
    }),
  );
});

test('a command without a default stage asks for one', () => {
  expect(() => parseStage([])).toThrow(/--stage/);
  expect(parseStage([], 'dev').stage).toBe('dev');
});

test('a region is handed on, and another option is refused', () => {
  expect(parseStage(['--stage', 'dev', '--region', 'eu-west-1']).forOsls).toEqual([
    '--stage',
    'dev',
    '--region',
    'eu-west-1',
  ]);
  expect(() => parseStage(['--stage', 'dev', '--force'])).toThrow(UsageError);
});

function acceptedStage(text: string): string | undefined {
  try {
    return parseStage([`--stage=${text}`]).stage;
  } catch {
    return undefined;
  }
}
