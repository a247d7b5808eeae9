import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { type PackagedService, packageApart } from '../../scripts/packaging/package-service.ts';
import { COMPILE_CACHE } from '../support/private-temporary-folder.ts';

// What CloudFormation would put in place of a reference.
const VALUES: Readonly<Record<string, string>> = {
  SessionsQueue: 'https://sqs.us-east-1.amazonaws.com/000000000000/crisp-enrich-test-sessions.fifo',
  RecordsTopic: 'arn:aws:sns:us-east-1:000000000000:crisp-enrich-test-records',
  ArchiveBucket: 'crisp-enrich-test-archive-000000000000',
  LedgerTable: 'crisp-enrich-test-ledger',
  AlarmTopic: 'arn:aws:sns:us-east-1:000000000000:crisp-enrich-test-alarms',
};

const ARNS: Readonly<Record<string, string>> = {
  SessionsQueue: 'arn:aws:sqs:us-east-1:000000000000:crisp-enrich-test-sessions.fifo',
};

/** The environment in which Lambda would run a function of the template. */
export function runtimeEnvironment(template: Template, logicalId: string): Record<string, string> {
  const variables = at(template.Resources, logicalId, 'Properties', 'Environment', 'Variables') ?? {};
  const name = String(at(template.Resources, logicalId, 'Properties', 'FunctionName'));
  return {
    ...Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [
        key,
        VALUES[String(at(value, 'Ref'))] ?? ARNS[String(at(value, 'Fn::GetAtt', 0))] ?? String(value),
      ]),
    ),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_REGION: 'us-east-1',
  };
}

/** One statement of a role's or a resource's policy. */
export interface PolicyStatement {
  /** Logical id of the role or the policy. */
  readonly owner: string;
  readonly effect: unknown;
  readonly actions: readonly string[];
  readonly resources: readonly unknown[];
  readonly principal: unknown;
  readonly condition: unknown;
  /** True for one that names what it does not mean: nobody can say what that will be tomorrow. */
  readonly isByExclusion: boolean;
}

const RESOURCE_POLICIES = ['AWS::SQS::QueuePolicy', 'AWS::SNS::TopicPolicy', 'AWS::S3::BucketPolicy'];

export function roleStatements(template: Template): PolicyStatement[] {
  return resourcesOf(template, 'AWS::IAM::Role').flatMap(({ id, properties }) =>
    toList(properties.Policies).flatMap((policy) => toStatements(id, at(policy, 'PolicyDocument'))),
  );
}

// Policies that stand for themselves are held to the same rules as those within a role.
const STANDALONE_POLICIES = ['AWS::IAM::Policy', 'AWS::IAM::ManagedPolicy', 'AWS::IAM::RolePolicy'];

/** All that anybody is allowed or refused, whoever it is attached to. */
export function allStatements(template: Template): PolicyStatement[] {
  const standalone = STANDALONE_POLICIES.flatMap((type) => resourcesOf(template, type)).flatMap(
    ({ id, properties }) => toStatements(id, properties.PolicyDocument),
  );
  return [...roleStatements(template), ...resourceStatements(template), ...standalone];
}

export function resourceStatements(template: Template): PolicyStatement[] {
  return RESOURCE_POLICIES.flatMap((type) => resourcesOf(template, type)).flatMap(({ id, properties }) =>
    toStatements(id, properties.PolicyDocument),
  );
}

function toStatements(owner: string, document: unknown): PolicyStatement[] {
  return toList(at(document, 'Statement')).map((statement) => ({
    owner,
    effect: at(statement, 'Effect'),
    actions: toList(at(statement, 'Action')).map(String),
    resources: toList(at(statement, 'Resource')),
    principal: at(statement, 'Principal'),
    condition: at(statement, 'Condition'),
    isByExclusion: ['NotAction', 'NotResource', 'NotPrincipal'].some(
      (key) => at(statement, key) !== undefined,
    ),
  }));
}

/** A change of the template that breaks a rule. */
type Breach = (template: Template) => void;

export interface TemplateRule {
  readonly title: string;
  /** What is wrong with the template; empty where nothing is. */
  readonly check: (template: Template, packaged: RepositoryPackage) => string[];
  readonly breaches: readonly Breach[];
}

/** Sets a property of a resource; the path starts with its logical id. */
export function set([id, ...keys]: readonly (string | number)[], value: unknown): Breach {
  return (it) => {
    const last = keys.at(-1) ?? '';
    const parent = at(it.Resources, id ?? '', 'Properties', ...keys.slice(0, -1));
    if (typeof parent !== 'object' || parent === null)
      throw new Error(`There is no ${[id, ...keys].join('.')}`);
    Object.assign(parent, { [last]: value });
  };
}

export function grant(role: string, statement: object): Breach {
  return (it) => {
    const statements = at(it.Resources, role, 'Properties', 'Policies', 0, 'PolicyDocument', 'Statement');
    if (!Array.isArray(statements)) throw new Error(`${role} has no statements`);
    statements.push(statement);
  };
}

const Resource = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
});

export const Template = z.looseObject({
  Resources: z.record(z.string(), Resource),
  Outputs: z.record(z.string(), z.unknown()).default({}),
});

/** A CloudFormation template, as far as the rules look at it. */
export type Template = z.output<typeof Template>;

export interface NamedResource {
  readonly id: string;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly deletionPolicy: string | undefined;
}

export function parseTemplate(text: string): Template {
  return Template.parse(JSON.parse(text));
}

export function resourcesOf(template: Template, type: string): NamedResource[] {
  return Object.entries(template.Resources)
    .filter(([, resource]) => resource.Type === type)
    .map(([id, { Properties, DeletionPolicy }]) => ({
      id,
      properties: Properties,
      deletionPolicy: DeletionPolicy,
    }));
}

/** The value at a path of keys, or undefined where the path ends early. */
export function at(value: unknown, ...keys: readonly (string | number)[]): unknown {
  return keys.reduce<unknown>((part, key) => {
    if (typeof part !== 'object' || part === null) return undefined;
    // An object or array may be asked for any key; what is not there is undefined.
    return (part as Record<string | number, unknown>)[key];
  }, value);
}

/** The logical id that `Ref` or `Fn::GetAtt` points to. */
export function targetOf(value: unknown): string | undefined {
  const target = at(value, 'Ref') ?? at(value, 'Fn::GetAtt', 0);
  return typeof target === 'string' ? target : undefined;
}

export function toList(value: unknown): unknown[] {
  return value === undefined ? [] : Array.isArray(value) ? value : [value];
}

export const ROOT = join(import.meta.dirname, '../..');
export const STAGE = 'test';

export interface RepositoryPackage extends PackagedService {
  /** Each function's bundle, as it is in its zip. */
  readonly bundles: ReadonlyMap<string, Buffer>;
}

/** Packages the repository in a folder of its own, which is gone afterwards; the working tree stays as it is. */
export async function packageRepository(
  environment: Readonly<Record<string, string>> = {},
): Promise<RepositoryPackage> {
  return packageApart({
    root: ROOT,
    stage: STAGE,
    environment: { ...COMPILE_CACHE, ...environment },
    read: async (packaged, output) => ({ ...packaged, bundles: await readBundles(packaged, output) }),
  });
}

async function readBundles({ artifacts }: PackagedService, output: string): Promise<Map<string, Buffer>> {
  const bundles = artifacts.map(async ({ name }) => {
    return [name, await readFile(join(output, `.build/functions/${name}.mjs`))] as const;
  });
  return new Map(await Promise.all(bundles));
}
