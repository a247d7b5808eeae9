import { isJsonObject } from '../text.ts';

/** What `${self:custom.settings.NAME}` stands for. An empty text is a value; an absent name is an error. */
export type InfraVariables = Readonly<Record<string, string | number | boolean>>;

export interface InfraContext {
  readonly stage: string;
  readonly settings: InfraVariables;
  readonly region: string;
  readonly accountId: string;
}

export interface RawResource {
  readonly logicalId: string;
  readonly type: string;
  readonly properties: Readonly<Record<string, unknown>>;
}

/** Resolves variables and intrinsic functions within a value of the files. Throws `InfraError` where it cannot. */
export type InfraResolver = (value: unknown) => unknown;

/** Type → the property that names the resource, and its ARN behind `arn:aws:`. */
const NAMED_RESOURCES: Readonly<
  Record<string, { readonly name: string; readonly arn: (name: string, place: string) => string }>
> = {
  'AWS::SQS::Queue': { name: 'QueueName', arn: (name, place) => `sqs:${place}:${name}` },
  'AWS::SNS::Topic': { name: 'TopicName', arn: (name, place) => `sns:${place}:${name}` },
  'AWS::S3::Bucket': { name: 'BucketName', arn: (name) => `s3:::${name}` },
  'AWS::DynamoDB::Table': { name: 'TableName', arn: (name, place) => `dynamodb:${place}:table/${name}` },
  'AWS::Logs::LogGroup': { name: 'LogGroupName', arn: (name, place) => `logs:${place}:log-group:${name}:*` },
};

/** A resolver for the values of one template: the subset of CloudFormation that local mode and our documents need. */
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
  const { region, accountId } = scope.context;
  return `arn:aws:${NAMED_RESOURCES[resource.type]?.arn(name, `${region}:${accountId}`)}`;
}

function toPseudoParameters({
  stage,
  region,
  accountId,
}: InfraContext): ReadonlyMap<string, string | undefined> {
  return new Map([
    ['AWS::Region', region],
    ['AWS::AccountId', accountId],
    ['AWS::Partition', 'aws'],
    ['AWS::StackId', `arn:aws:cloudformation:${region}:${accountId}:stack/crisp-enrich-${stage}/{id}`],
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

const SETTING = /^self:custom\.settings\.(\w+)$/;

// `${AWS::Region}` and `${Name}` belong to Fn::Sub and stay; a variable of the framework is `${source:…}`.
const VARIABLE = /\$\{([a-z]+:(?!:)[^{}]*)\}/g;

/**
 * Replaces the framework's variables in a text: `${sls:stage}`, `${aws:region}`, `${aws:accountId}` and
 * `${self:custom.settings.NAME}`. A text that is one variable alone becomes its value with its type, so a number stays
 * a number. Throws `InfraError` for a setting that is not given, and for any other variable.
 */
function resolveInfraVariables(text: string, context: InfraContext): string | number | boolean {
  const [only] = text.matchAll(VARIABLE);
  if (only?.[0] === text && only[1] !== undefined) return toValue(only[1], context);
  return text.replace(VARIABLE, (_match, variable: string) => String(toValue(variable, context)));
}

function toValue(variable: string, { stage, settings, region, accountId }: InfraContext) {
  if (variable === 'sls:stage') return stage;
  if (variable === 'aws:region') return region;
  if (variable === 'aws:accountId') return accountId;

  const setting = SETTING.exec(variable)?.[1];
  if (setting === undefined) {
    throw new InfraError('infra_variable_unknown', `Local mode does not know the variable ${variable}`);
  }
  const value = Object.hasOwn(settings, setting) ? settings[setting] : undefined;
  if (value === undefined) {
    throw new InfraError('infra_setting_missing', `The infra files need a setting named ${setting}`);
  }
  return value;
}

type InfraErrorCode =
  | 'infra_unreadable'
  | 'infra_setting_missing'
  | 'infra_variable_unknown'
  | 'infra_reference_unknown'
  | 'infra_unsupported'
  | 'infra_incomplete';

/** The infra files cannot be read, or ask for something that local mode cannot make. */
export class InfraError extends Error {
  override readonly name = 'InfraError';
  readonly code: InfraErrorCode;

  constructor(code: InfraErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options);
    this.code = code;
  }
}
