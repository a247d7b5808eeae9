import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, test } from 'vitest';
import {
  parseApiConfig,
  parseConsumerConfig,
  parseProbeConfig,
  parseReconcileConfig,
  parseWebhookConfig,
} from '../../lib/config/parse.ts';
import { EXAMPLE_KEY_ARN, formatPermissions } from '../../scripts/packaging/format-permissions.ts';
import { OPTION_RULES } from './rules/protection.ts';
import { TEMPLATE_RULES } from './rules/template-rules.ts';
import {
  at,
  packageRepository,
  parseTemplate,
  type RepositoryPackage,
  ROOT,
  resourcesOf,
  runtimeEnvironment,
  STAGE,
  type Template,
} from './template.ts';

const SECRETS = {
  CRISP_HOOK_SECRETS: 'canary-hook-secret-0123456789abcdef',
  CRISP_TOKEN_IDENTIFIER: 'canary-identifier-0123456789abcdef',
  CRISP_TOKEN_KEY: 'canary-key-0123456789abcdef',
};
const OPTIONS = {
  KMS_KEY_ARN: EXAMPLE_KEY_ARN,
  WEBHOOK_RESERVED_CONCURRENCY: '20',
  NO_HOOKS_ALARM_HOURS: '48',
  ALARM_EMAIL: 'ops@example.com',
};

const KB = 1000;
// What was measured and a twentieth: a function that grows beyond it starts noticeably later.
const MAX_BUNDLE_BYTES: Readonly<Record<string, number>> = {
  webhook: 279 * KB,
  consumer: 889 * KB,
  probe: 591 * KB,
  summary: 291 * KB,
  api: 2000 * KB,
  reconcile: 736 * KB,
};

let packaged: RepositoryPackage;
let repeated: RepositoryPackage;
let optional: RepositoryPackage;
let template: Template;
let withOptions: Template;

beforeAll(async () => {
  packaged = await packageRepository();
  // With what the first left in the cache.
  [repeated, optional] = await Promise.all([packageRepository(SECRETS), packageRepository(OPTIONS)]);
  template = parseTemplate(packaged.templateText);
  withOptions = parseTemplate(optional.templateText);
}, 240_000);

const webhookConfig = () => parseWebhookConfig(runtimeEnvironment(template, 'WebhookLambdaFunction'));
const consumerConfig = () => parseConsumerConfig(runtimeEnvironment(template, 'ConsumerLambdaFunction'));
const apiConfig = () => parseApiConfig(runtimeEnvironment(template, 'ApiLambdaFunction'));
const reconcileConfig = () => parseReconcileConfig(runtimeEnvironment(template, 'ReconcileLambdaFunction'));
const probeConfig = () => parseProbeConfig(runtimeEnvironment(template, 'ProbeLambdaFunction'));

describe('the artefacts', () => {
  test('packaging twice gives the same bytes, whatever secrets lie around', () => {
    const hashes = ({ artifacts, templateSha256 }: RepositoryPackage) => [
      templateSha256,
      ...artifacts.map(({ zipSha256 }) => zipSha256),
    ];

    expect(hashes(repeated)).toEqual(hashes(packaged));
  });

  test('no secret gets into the template or a bundle', () => {
    const texts = [repeated.templateText, ...[...repeated.bundles.values()].map(String)];

    for (const secret of Object.values(SECRETS)) {
      expect(texts.filter((text) => text.includes(secret))).toEqual([]);
    }
  });

  test('every function of the template has its bundle, and every bundle its function', () => {
    const handlers = resourcesOf(template, 'AWS::Lambda::Function').map((it) => it.properties.Handler);

    expect(handlers.sort()).toEqual(packaged.artifacts.map(({ name }) => `functions/${name}.handler`).sort());
  });

  test('no bundle is larger than its budget', () => {
    const tooLarge = packaged.artifacts
      .filter(({ name, bundleBytes }) => bundleBytes > (MAX_BUNDLE_BYTES[name] ?? 0))
      .map(({ name, bundleBytes }) => `${name}: ${bundleBytes} bytes`);

    expect(tooLarge).toEqual([]);
  });

  test('a bundle starts alone, with what the template gives it', { timeout: 30_000 }, async () => {
    const handlers = await Promise.all(
      [...packaged.bundles].map(([name, code]) => {
        const logicalId = `${name.charAt(0).toUpperCase()}${name.slice(1)}LambdaFunction`;
        return typeOfHandler(code, runtimeEnvironment(template, logicalId));
      }),
    );

    expect(handlers).toEqual(packaged.artifacts.map(() => 'function'));
  });
});

describe('the functions', () => {
  test('run on Node 24 on arm64, and end before Lambda would end them', () => {
    for (const { properties } of resourcesOf(template, 'AWS::Lambda::Function')) {
      expect(properties).toMatchObject({ Runtime: 'nodejs24.x', Architectures: ['arm64'] });
      expect(properties.Timeout).toBeLessThanOrEqual(900);
    }
  });

  test('read their secrets from under the stage, and hold none', () => {
    const expected = { source: 'ssm', path: '/crisp-enrich/test/' };

    expect(webhookConfig().secrets).toEqual(expected);
    expect(consumerConfig().secrets).toEqual(expected);
    expect(probeConfig().secrets).toEqual(expected);
    expect(apiConfig().secrets).toEqual(expected);
    expect(reconcileConfig().secrets).toEqual(expected);
  });
});

describe('the template', () => {
  test.each(TEMPLATE_RULES)('$title', ({ check }) => {
    expect(check(template, packaged)).toEqual([]);
  });

  const breaches = TEMPLATE_RULES.flatMap(({ title, check, breaches: changes }) =>
    changes.map((change, index) => ({ title, check, change, number: index + 1 })),
  );

  test.each(breaches)('breach $number is noticed: $title', ({ check, change }) => {
    const changed = structuredClone(template);
    change(changed);

    expect(check(changed, packaged)).not.toEqual([]);
  });
});

/** What `handler` is when Node runs the bundle with nothing around it. */
async function typeOfHandler(code: Buffer, environment: Record<string, string>): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'crisp-enrich-bundle-'));
  try {
    await writeFile(join(folder, 'function.mjs'), code);
    const script =
      "const { handler } = await import('./function.mjs'); console.log(typeof handler); process.exit()";
    const options = { cwd: folder, env: environment };
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', script], options);
    return stdout.trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

describe('the options', () => {
  test.each(OPTION_RULES)('with every option: $title', ({ check }) => {
    expect(check(withOptions, optional)).toEqual([]);
  });

  const optionBreaches = OPTION_RULES.flatMap(({ title, check, breaches: changes }) =>
    changes.map((change, index) => ({ title, check, change, number: index + 1 })),
  );

  test.each(optionBreaches)('breach $number is noticed: $title', ({ check, change }) => {
    const changed = structuredClone(withOptions);
    change(changed);

    expect(check(changed, optional)).not.toEqual([]);
  });

  test('what nobody asked for is not in the template', () => {
    const { Resources } = parseTemplate(packaged.templateText);

    expect(at(Resources, 'WebhookLambdaFunction', 'Properties')).not.toHaveProperty(
      'ReservedConcurrentExecutions',
    );
    expect(packaged.templateText).not.toContain(':kms:');
    expect(Object.keys(Resources).filter((id) => id.endsWith('KeyPolicy'))).toEqual([]);
  });

  test('the functions get nothing of what is for the template alone', () => {
    const environments = ['Webhook', 'Consumer', 'Probe'].map((name) =>
      at(withOptions.Resources, `${name}LambdaFunction`, 'Properties', 'Environment', 'Variables'),
    );

    for (const variables of environments) {
      expect(Object.keys(OPTIONS).filter((name) => Object.hasOwn(variables ?? {}, name))).toEqual([]);
    }
  });

  test('permissions.md is what the template says (node scripts/generate-permissions.ts writes it)', () => {
    const page = readFileSync(join(ROOT, 'docs/permissions.md'), 'utf8');

    expect(page).toBe(
      formatPermissions({ standard: packaged.templateText, ownKey: optional.templateText, stage: STAGE }),
    );
  });
});
