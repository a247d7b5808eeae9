import { at, resourcesOf, type Template, toList } from './template.ts';

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
