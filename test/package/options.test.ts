import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, test } from 'vitest';
import { EXAMPLE_KEY_ARN, formatPermissions } from '../../scripts/packaging/format-permissions.ts';
import { OPTION_RULES } from './rules/protection.ts';
import {
  at,
  packageRepository,
  parseTemplate,
  type RepositoryPackage,
  ROOT,
  STAGE,
  type Template,
} from './template.ts';

const OPTIONS = {
  KMS_KEY_ARN: EXAMPLE_KEY_ARN,
  WEBHOOK_RESERVED_CONCURRENCY: '20',
  NO_HOOKS_ALARM_HOURS: '48',
  ALARM_EMAIL: 'ops@example.com',
};

let standard: RepositoryPackage;
let optional: RepositoryPackage;
let template: Template;

beforeAll(async () => {
  [standard, optional] = await Promise.all([packageRepository(), packageRepository(OPTIONS)]);
  template = parseTemplate(optional.templateText);
}, 240_000);

test.each(OPTION_RULES)('with every option: $title', ({ check }) => {
  expect(check(template, optional)).toEqual([]);
});

const breaches = OPTION_RULES.flatMap(({ title, check, breaches: changes }) =>
  changes.map((change, index) => ({ title, check, change, number: index + 1 })),
);

test.each(breaches)('breach $number is noticed: $title', ({ check, change }) => {
  const changed = structuredClone(template);
  change(changed);

  expect(check(changed, optional)).not.toEqual([]);
});

test('what nobody asked for is not in the template', () => {
  const { Resources } = parseTemplate(standard.templateText);

  expect(at(Resources, 'WebhookLambdaFunction', 'Properties')).not.toHaveProperty(
    'ReservedConcurrentExecutions',
  );
  expect(standard.templateText).not.toContain(':kms:');
  expect(Object.keys(Resources).filter((id) => id.endsWith('KeyPolicy'))).toEqual([]);
});

test('the functions get nothing of what is for the template alone', () => {
  const environments = ['Webhook', 'Consumer', 'Probe'].map((name) =>
    at(template.Resources, `${name}LambdaFunction`, 'Properties', 'Environment', 'Variables'),
  );

  for (const variables of environments) {
    expect(Object.keys(OPTIONS).filter((name) => Object.hasOwn(variables ?? {}, name))).toEqual([]);
  }
});

test('permissions.md is what the template says (node scripts/generate-permissions.ts writes it)', () => {
  const page = readFileSync(join(ROOT, 'docs/permissions.md'), 'utf8');

  expect(page).toBe(
    formatPermissions({ standard: standard.templateText, ownKey: optional.templateText, stage: STAGE }),
  );
});
