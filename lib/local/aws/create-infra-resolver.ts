import { isJsonObject } from '../../core/is-json-object.ts';
import type { InfraContext } from './infra-context.ts';
import { InfraError } from './infra-error.ts';
import { resolveInfraVariables } from './resolve-infra-variables.ts';

export interface RawResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Resolves variables and intrinsic functions within a value of the files. Throws `InfraError` where it cannot. */
export type InfraResolver = (value: unknown) => unknown;

/** Type → the property that names the resource, and the service in its ARN. */
const NAMED_RESOURCES: Readonly<Record<string, { readonly name: string; readonly service: string }>> = {
  'AWS::SQS::Queue': { name: 'QueueName', service: 'sqs' },
  'AWS::SNS::Topic': { name: 'TopicName', service: 'sns' },
  'AWS::S3::Bucket': { name: 'BucketName', service: 's3' },
  'AWS::DynamoDB::Table': { name: 'TableName', service: 'dynamodb' },
};

/** A resolver for the values of one set of files: the subset of CloudFormation from which local resources are made. */
export function createInfraResolver(
  resources: ReadonlyMap<string, RawResource>,
  context: InfraContext,
): InfraResolver {
  return function resolve(value: unknown): unknown {
    if (typeof value === 'string') return resolveInfraVariables(value, context);
    if (Array.isArray(value)) return value.map(resolve).filter((item) => item !== undefined);
    if (!isJsonObject(value)) return value;
    const [name, ...others] = Object.keys(value);
    if (name !== undefined && others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'))) {
      return applyFunction(name, value[name], { resources, context, resolve });
    }
    return resolveEntries(value, resolve);
  };
}

interface Scope {
  readonly resources: ReadonlyMap<string, RawResource>;
  readonly context: InfraContext;
  readonly resolve: InfraResolver;
}

function applyFunction(name: string, argument: unknown, scope: Scope): unknown {
  switch (name) {
    case 'Ref':
      return refer(toText(argument, name), scope);
    case 'Fn::GetAtt':
      return getAttribute(Array.isArray(argument) ? argument.join('.') : toText(argument, name), scope);
    case 'Fn::Sub':
      return substitute(argument, scope);
    case 'Fn::Join':
      return join(argument, scope);
    default:
      throw new InfraError('infra_unsupported', `Local mode does not know ${name}`);
  }
}

function refer(name: string, scope: Scope): unknown {
  const pseudo = toPseudoParameters(scope.context);
  if (pseudo.has(name)) return pseudo.get(name);
  const resource = findResource(name, scope);
  // CloudFormation's Ref is the ARN of a topic, and the name of a bucket or table.
  return resource.type === 'AWS::SNS::Topic' ? toArn(resource, scope) : toName(resource, scope);
}

function getAttribute(path: string, scope: Scope): string {
  const [logicalId = '', attribute = ''] = path.split('.');
  const resource = findResource(logicalId, scope);
  if (attribute === 'Arn' || attribute === 'TopicArn') return toArn(resource, scope);
  if (attribute === 'QueueName' || attribute === 'TopicName') return toName(resource, scope);
  throw new InfraError('infra_unsupported', `Local mode does not know !GetAtt ${path}`);
}

function substitute(argument: unknown, scope: Scope): unknown {
  const [template, names] = Array.isArray(argument) ? argument : [argument, {}];
  const given = isJsonObject(names) ? names : {};
  const text = String(scope.resolve(toText(template, 'Fn::Sub')));
  return text.replace(/\$\{([^!{}][^{}]*)\}/g, (_match, name: string) => {
    if (name in given) return String(scope.resolve(given[name]));
    return String(name.includes('.') ? getAttribute(name, scope) : refer(name, scope));
  });
}

function join(argument: unknown, { resolve }: Scope): string {
  const [separator, parts] = Array.isArray(argument) ? argument : [];
  const resolved = resolve(parts);
  if (typeof separator !== 'string' || !Array.isArray(resolved)) {
    throw new InfraError('infra_unsupported', 'Fn::Join needs a separator and a list');
  }
  return resolved.map(String).join(separator);
}

function findResource(logicalId: string, { resources }: Scope): RawResource {
  const resource = resources.get(logicalId);
  if (resource) return resource;
  throw new InfraError('infra_reference_unknown', `No infra file has a resource ${logicalId}`);
}

function toName(resource: RawResource, { resolve }: Scope): string {
  const property = NAMED_RESOURCES[resource.type]?.name;
  const name = property === undefined ? undefined : resolve(resource.properties[property]);
  if (typeof name === 'string' && name !== '') return name;
  throw new InfraError('infra_incomplete', `${resource.logicalId} needs an explicit name`);
}

function toArn(resource: RawResource, scope: Scope): string {
  const name = toName(resource, scope);
  const service = NAMED_RESOURCES[resource.type]?.service;
  if (service === 's3') return `arn:aws:s3:::${name}`;
  const { region, accountId } = scope.context;
  return `arn:aws:${service}:${region}:${accountId}:${service === 'dynamodb' ? `table/${name}` : name}`;
}

function toPseudoParameters({ region, accountId }: InfraContext): ReadonlyMap<string, string | undefined> {
  return new Map([
    ['AWS::Region', region],
    ['AWS::AccountId', accountId],
    ['AWS::Partition', 'aws'],
    ['AWS::URLSuffix', 'amazonaws.com'],
    ['AWS::NoValue', undefined],
  ]);
}

function resolveEntries(value: Readonly<Record<string, unknown>>, resolve: InfraResolver): object {
  const entries = Object.entries(value).map(([key, item]) => [key, resolve(item)] as const);
  return Object.fromEntries(entries.filter(([, item]) => item !== undefined));
}

function toText(value: unknown, functionName: string): string {
  if (typeof value === 'string') return value;
  throw new InfraError('infra_unsupported', `${functionName} needs a text`);
}
