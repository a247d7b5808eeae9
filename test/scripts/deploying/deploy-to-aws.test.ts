import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { cp, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type StubAws, startStubAws } from '../../support/deploy.ts';
import { COMPILE_CACHE } from '../../support/private-temporary-folder.ts';

// The real scripts and the real osls, from a copy of the repository that was never packaged, against a stub of AWS.
const ROOT = join(import.meta.dirname, '../../..');
const TIMEOUT = 600_000;
const EU = ['--stage', 'prod', '--region', 'eu-west-1'];
const US = ['--stage', 'prod', '--region', 'us-east-1'];
const EU_STACK = 'eu-west-1/crisp-enrich-prod';
const US_STACK = 'us-east-1/crisp-enrich-prod';
const EU_ARCHIVE = 'crisp-enrich-prod-archive-123456789012-eu-west-1';
const US_ARCHIVE = 'crisp-enrich-prod-archive-123456789012-us-east-1';

let aws: StubAws;
let copy: string;

beforeAll(async () => {
  copy = await mkdtemp(join(tmpdir(), 'crisp-enrich-deploy-'));
  for (const name of ['functions', 'infra', 'lib', 'scripts', 'serverless.yml', 'package.json']) {
    await cp(join(ROOT, name), join(copy, name), { recursive: true });
  }
  await symlink(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
}, TIMEOUT);

afterAll(() => rm(copy, { recursive: true, force: true }));

beforeEach(async () => {
  aws = await startStubAws();
  for (const name of ['CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY']) {
    aws.account.parameters.add(`/crisp-enrich/prod/${name}`);
  }
});

afterEach(async () => {
  await aws.stop();
  await rm(join(copy, '.env.prod'), { force: true });
});

const FUNCTIONS = Object.keys(
  parse(readFileSync(join(ROOT, 'infra/functions.yml'), 'utf8'), { logLevel: 'silent' }),
).length;

/** All requests of a first deployment. Sorted where they are compared, because some are made at once. */
const REQUESTS = [
  // Ours: is there a token, room for what is reserved, a stack, anything of an earlier one?
  'ssm DescribeParameters',
  'lambda GetAccountSettings',
  'cloudformation DescribeStacks',
  'sts GetCallerIdentity',
  's3 HeadBucket',
  'dynamodb DescribeTable',
  // A stack with the bucket for the artefacts alone.
  'sts GetCallerIdentity',
  'cloudformation DescribeStacks',
  'cloudformation CreateChangeSet',
  'cloudformation DescribeChangeSet',
  'cloudformation ExecuteChangeSet',
  'cloudformation DescribeStackEvents',
  // Has anything changed since the last deployment?
  'cloudformation DescribeStackResource',
  's3 HeadBucket',
  's3 ListObjectsV2',
  ...Array.from({ length: FUNCTIONS }, () => 'lambda GetFunction'),
  // Template, state, and a zip for each function.
  ...Array.from({ length: FUNCTIONS + 2 }, () => 's3 PutObject'),
  // Everything else.
  'cloudformation ValidateTemplate',
  'cloudformation DeleteChangeSet',
  'cloudformation CreateChangeSet',
  'cloudformation DescribeChangeSet',
  'cloudformation ExecuteChangeSet',
  'cloudformation DescribeStackEvents',
  'cloudformation DescribeStacks',
  'cloudformation ListStackResources',
  's3 ListObjectsV2',
  // Ours: the outputs.
  'cloudformation DescribeStacks',
];

test('a stage is deployed from a fresh copy, and a forgotten setting is asked for', {
  timeout: TIMEOUT,
}, async () => {
  await writeFile(join(copy, '.env.prod'), 'ALARM_EMAIL=ops@example.com\nLOG_LEVEL=debug\n');

  const first = await run('deploy', EU);

  expect(first.printed).toContain('Hook URL: ');
  expect(first.exitCode).toBe(0);
  expect(aws.requests.map((it) => it.replace('eu-west-1 ', '')).sort()).toEqual([...REQUESTS].sort());
  expect(aws.stacks.stacks.get(EU_STACK)?.status).toBe('UPDATE_COMPLETE');
  expect(leftovers()).toEqual([EU_ARCHIVE, 'crisp-enrich-prod-ledger']);

  // On another machine, where the file was forgotten.
  await rm(join(copy, '.env.prod'));
  aws.requests.length = 0;
  const second = await run('deploy', EU);

  expect(second).toEqual({
    exitCode: 2,
    printed: [
      'Settings of stage prod that this deployment changes:',
      '! ALARM_EMAIL: ops@example.com -> (default)',
      '! LOG_LEVEL: debug -> (default)',
      'Nothing was changed. Put what is missing into .env.prod, or deploy with --yes to take the settings as they are.',
      '',
    ].join('\n'),
  });
  expect(aws.requests).toEqual([
    'eu-west-1 ssm DescribeParameters',
    'eu-west-1 lambda GetAccountSettings',
    'eu-west-1 cloudformation DescribeStacks',
  ]);
});

test('an account too small for what is reserved is found before anything is made', async () => {
  aws.account.settings = { AccountLimit: { ConcurrentExecutions: 10 } };

  const refused = await run('deploy', EU);

  expect(refused.exitCode).toBe(2);
  expect(refused.printed).toMatch(
    /^This account runs at most 10 functions at once in eu-west-1, .* API_CONCURRENCY=1 would reserve 1: set it to 0 in \.env\.prod .* Nothing was created\.\n$/,
  );
  expect(aws.requests).toEqual(['eu-west-1 ssm DescribeParameters', 'eu-west-1 lambda GetAccountSettings']);
});

test('a second region is deployed beside the first, and what an earlier stack left is taken over, and deleted once its name was typed', {
  timeout: TIMEOUT,
}, async () => {
  // What is in the functions makes no difference to their stack.
  for (const name of await readdir(join(copy, 'functions'))) {
    await writeFile(join(copy, 'functions', name), 'export const handler = () => undefined;\n');
  }
  aws.account.buckets.set(EU_ARCHIVE, { region: 'eu-west-1', objects: [] });
  aws.stacks.failAt('Dashboard');
  const failed = await run('deploy', US);

  expect(failed.exitCode).toBe(1);
  expect(aws.stacks.stacks.get(US_STACK)?.status).toBe('UPDATE_ROLLBACK_COMPLETE');
  // AWS deletes no protected table, not even one that it has just made. The archive of the first region is not ours.
  expect(leftovers()).toEqual([EU_ARCHIVE, 'crisp-enrich-prod-ledger']);

  // A removed stack leaves its archive as well.
  const object = { key: 'records/a.json', body: '{}', metadata: {} };
  aws.account.buckets.set(US_ARCHIVE, {
    region: 'us-east-1',
    objects: Array.from({ length: 7 }, () => object),
  });
  aws.stacks.failAt(undefined);
  const adopted = await run('deploy', US);

  expect(adopted.printed).toContain(
    `taken into this one as it is: ${US_ARCHIVE}, crisp-enrich-prod-ledger.\n`,
  );
  expect(adopted.exitCode).toBe(0);
  expect(leftovers()).toEqual([EU_ARCHIVE, US_ARCHIVE, 'crisp-enrich-prod-ledger']);
  expect(aws.account.buckets.get(US_ARCHIVE)?.objects).toHaveLength(7);
  expect(aws.stacks.stacks.get(US_STACK)?.resources.get('ArchiveBucket')).toMatchObject({
    name: US_ARCHIVE,
    deletionPolicy: 'RetainExceptOnCreate',
  });

  aws.requests.length = 0;
  const refused = await run('remove', [...US, '--delete-data', '--confirm', EU_ARCHIVE]);

  expect(refused.exitCode).toBe(2);
  expect(refused.printed).toContain(`given with --confirm ${US_ARCHIVE}.\n`);
  expect(aws.requests.filter((it) => it.includes('Delete'))).toEqual([]);

  aws.account.waiting.set('crisp-enrich-prod-records', 12);
  const unasked = await run('remove', US);

  expect(unasked.exitCode).toBe(2);
  expect(unasked.printed).toMatch(
    /deleted with them: records 12\.\nNothing was removed: consent is the name crisp-enrich-prod, .*--yes\.\n$/,
  );
  expect(aws.stacks.stacks.has(US_STACK)).toBe(true);

  const removed = await run('remove', [...US, '--yes']);

  expect(removed.exitCode).toBe(0);
  expect(removed.printed).toContain(`npm run remove -- ${US.join(' ')} --delete-data`);
  expect(aws.stacks.stacks.has(US_STACK)).toBe(false);
  expect(leftovers()).toEqual([EU_ARCHIVE, US_ARCHIVE, 'crisp-enrich-prod-ledger']);

  aws.requests.length = 0;
  const deleted = await run('remove', [...US, '--delete-data', '--confirm', US_ARCHIVE]);

  expect(deleted.printed).toContain(`${US_ARCHIVE}: 7 versions deleted`);
  expect(deleted.exitCode).toBe(0);
  expect(leftovers()).toEqual([EU_ARCHIVE]);
  // Seven versions, three on a page, and a last look.
  expect(aws.requests.filter((it) => it.endsWith('ListObjectVersions'))).toHaveLength(4);
});

test('a secret in the file of a stage is refused before AWS is asked', async () => {
  await writeFile(join(copy, '.env.prod'), 'CRISP_TOKEN_KEY=canary-1234567890\n');

  const { exitCode, printed } = await run('deploy', EU);

  expect(exitCode).toBe(1);
  expect(printed).toContain('.env.prod: CRISP_TOKEN_KEY: is a secret');
  expect(printed).not.toContain('canary');
  expect(aws.requests).toEqual([]);
});

test.each([
  ['ROLLBACK_IN_PROGRESS', /is being changed by somebody else/],
  ['REVIEW_IN_PROGRESS', /`npm run remove -- --stage prod --region eu-west-1`, then deploy again/],
  [
    'UPDATE_ROLLBACK_FAILED',
    /`aws cloudformation continue-update-rollback --stack-name crisp-enrich-prod --region/,
  ],
])('a stack that is %s is told with what ends that', async (status, message) => {
  aws.stacks.stacks.set(EU_STACK, { status, template: {}, resources: new Map(), events: [] });

  const { exitCode, printed } = await run('deploy', EU);

  expect(exitCode).toBe(2);
  expect(printed).toMatch(message);
});

/** Archives and ledgers that exist, whether a stack has them or not. */
function leftovers(): string[] {
  const buckets = [...aws.account.buckets.keys()].filter((name) => name.includes('archive'));
  return [...buckets, ...[...aws.account.tables.keys()].map((key) => key.split('/')[1] ?? '')];
}

async function run(
  name: string,
  words: readonly string[],
): Promise<{ exitCode: number | null; printed: string }> {
  const child = spawn(process.execPath, [join(copy, `scripts/${name}.ts`), ...words], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH, HOME: copy, ...COMPILE_CACHE, ...aws.environment },
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
    });
  }
  const exitCode = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { exitCode, printed };
}
