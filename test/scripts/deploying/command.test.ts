import fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkPlace, parseStage, toArchiveName, UsageError } from '../../../scripts/deploying/command.ts';

// The longest of each partition.
const REGIONS = [
  'eu-west-1',
  'ap-southeast-1',
  'us-gov-east-1',
  'cn-northwest-1',
  'eusc-de-east-1',
  'us-isof-south-1',
];

test.each(['dev', 'prod', 'eu-prod-2', 'a'])('%s can be a stage', (stage) => {
  expect(parseStage(['--stage', stage])).toEqual({ stage, flags: new Set() });
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

test('whatever is accepted makes a bucket name that S3 accepts, in every region', () => {
  const word = fc.stringMatching(/^[a-z0-9-]{1,25}$/);
  fc.assert(
    fc.property(word, fc.constantFrom(...REGIONS), (text, region) => {
      if (!isAccepted(text, region)) return;
      const name = toArchiveName({ stage: text, region, account: '000000000000' });
      expect(name).toMatch(/^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$/);
    }),
  );
});

test('a stage that is too long for its region is told with the length that is not', () => {
  expect(() => parseStage(['--stage', 'feature-checkout', '--region', 'ap-southeast-1'])).toThrow(
    /too long for ap-southeast-1.* up to 14\. Nothing was created\.$/,
  );
  expect(parseStage(['--stage', 'feature-checkout', '--region', 'eu-central-1']).region).toBe('eu-central-1');
  for (const region of REGIONS) checkPlace('a'.repeat(13), region);
});

test.each(['Europe', 'eu-west', '', 'eu-west-1; rm'])('"%s" is no region', (region) => {
  expect(() => parseStage(['--stage', 'dev', `--region=${region}`])).toThrow(/not a region/);
});

test('a refusal shows what was typed, and nothing in it can hide or fake a line', () => {
  expect(() => parseStage(['--stage=\u202eä'])).toThrow(/^'\\u202e\\u00e4' cannot be a stage/);
});

test('a command without a default stage asks for one', () => {
  expect(() => parseStage([])).toThrow(/--stage/);
  expect(parseStage([], { defaultStage: 'dev' }).stage).toBe('dev');
});

test('the flags of a command are taken, and another option is refused with those that there are', () => {
  const options = { flags: ['delete-data', 'confirm'] };
  const words = ['--stage', 'dev', '--region', 'eu-west-1', '--delete-data', '--confirm', 'x'];

  expect(parseStage(words, options)).toEqual({
    stage: 'dev',
    region: 'eu-west-1',
    confirm: 'x',
    flags: new Set(['delete-data']),
  });
  expect(() => parseStage(['--stage', 'dev', '--force'], options)).toThrow(
    'The only options are --stage STAGE, --region REGION, --delete-data and --confirm NAME.',
  );
});

function isAccepted(stage: string, region: string): boolean {
  try {
    parseStage([`--stage=${stage}`, `--region=${region}`]);
    return true;
  } catch {
    return false;
  }
}
