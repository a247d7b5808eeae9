import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type CollectionTag, isMap, isSeq, parseDocument, type ScalarTag } from 'yaml';
import { isJsonObject } from '../text.ts';
import {
  createInfraResolver,
  type InfraContext,
  InfraError,
  type InfraResolver,
  type InfraVariables,
  type RawResource,
} from './infra-resolver.ts';

/** The infra files of the template, read for local use: whatever asks for a number gets it from here. */
export interface InfraTemplate {
  /** The resources of a CloudFormation type, e.g. `AWS::SQS::Queue`, in the order of the files. */
  resources(type: string): readonly InfraResource[];
  /** A function of functions.yml; throws `InfraError` where there is none of that name. */
  functionNamed(name: string): InfraFunction;
}

export interface InfraResource {
  readonly logicalId: string;
  /** A property, resolved; undefined where the file does not have it. Throws `InfraError` where it cannot be resolved. */
  property(name: string): unknown;
}

interface InfraFunction {
  readonly name: string;
  /** A field of the function, resolved. */
  field(name: string): unknown;
}

interface InfraTemplateOptions {
  readonly stage: string;
  readonly settings: InfraVariables;
  readonly region?: string;
  /** The account in ARNs; emulators have twelve zeros. */
  readonly accountId?: string;
}

const FUNCTIONS_FILE = 'functions.yml';

/**
 * Reads the *.yml of `directory`: functions.yml holds functions, any other file CloudFormation `Resources`; those that
 * name no resource of local mode are passed over. Values are resolved when they are asked for, so what local mode does not use may be anything. Rejects with `InfraError`.
 */
export async function loadInfraTemplate(
  directory: string,
  { stage, settings, region = 'us-east-1', accountId = '000000000000' }: InfraTemplateOptions,
): Promise<InfraTemplate> {
  const files = await readInfraFiles(directory);
  const resources = new Map(files.flatMap(toResources).map((resource) => [resource.logicalId, resource]));
  const functions = files.find(({ name }) => name === FUNCTIONS_FILE)?.content;
  const context: InfraContext = { stage, settings, region, accountId };
  const resolve = createInfraResolver(resources, context);

  return {
    resources: (type) =>
      [...resources.values()].filter((it) => it.type === type).map((it) => toResource(it, resolve)),
    functionNamed: (name) => toFunction(name, functions, resolve),
  };
}

interface InfraFile {
  readonly name: string;
  readonly content: Readonly<Record<string, unknown>>;
}

async function readInfraFiles(directory: string): Promise<InfraFile[]> {
  try {
    const names = (await readdir(directory)).filter((name) => name.endsWith('.yml')).sort();
    const files = await Promise.all(names.map((name) => readInfraFile(directory, name)));
    return files.filter((file) => file !== undefined);
  } catch (error) {
    if (error instanceof InfraError) throw error;
    throw new InfraError('infra_unreadable', `Cannot read the infra files in ${directory}`, { cause: error });
  }
}

// The types that are made locally. Parsing is a tenth of a start, and most files hold alarms and rights.
const LOCAL_TYPE = /\bAWS::(?:SQS::Queue|SNS::Topic|SNS::Subscription|S3::Bucket|DynamoDB::Table)\b/;

async function readInfraFile(directory: string, name: string): Promise<InfraFile | undefined> {
  const text = await readFile(join(directory, name), 'utf8');
  if (name !== FUNCTIONS_FILE && !LOCAL_TYPE.test(text)) return undefined;
  const content = parseInfraYaml(text, name);
  if (!isJsonObject(content)) throw new InfraError('infra_unreadable', `${name} is not a map`);
  return { name, content };
}

function toResources({ name: fileName, content }: InfraFile): RawResource[] {
  if (fileName === FUNCTIONS_FILE || !isJsonObject(content.Resources)) return [];
  return Object.entries(content.Resources).map(([logicalId, resource]) => {
    if (!isJsonObject(resource) || typeof resource.Type !== 'string') {
      throw new InfraError('infra_unreadable', `${fileName}: ${logicalId} has no Type`);
    }
    const properties = resource.Properties;
    return { logicalId, type: resource.Type, properties: isJsonObject(properties) ? properties : {} };
  });
}

function toResource({ logicalId, properties }: RawResource, resolve: InfraResolver): InfraResource {
  return { logicalId, property: (name) => resolve(properties[name]) };
}

function toFunction(name: string, functions: InfraFile['content'] | undefined, resolve: InfraResolver) {
  const fields = functions?.[name];
  if (!isJsonObject(fields)) {
    throw new InfraError('infra_incomplete', `${FUNCTIONS_FILE} has no function named ${name}`);
  }
  return { name, field: (field: string) => resolve(fields[field]) };
}

// Short tag → the name of CloudFormation's long form.
const SHORT_TAGS = new Map([
  ['Ref', 'Ref'],
  ['Condition', 'Condition'],
  ...['Base64', 'Cidr', 'FindInMap', 'GetAtt', 'GetAZs', 'ImportValue', 'Join', 'Select', 'Split', 'Sub'].map(
    toLongForm,
  ),
  ...['And', 'Equals', 'If', 'Not', 'Or', 'Transform'].map(toLongForm),
]);

const CLOUDFORMATION_TAGS = [...SHORT_TAGS].flatMap(([short, long]) => toTags(short, long));

/**
 * Parses CloudFormation's YAML: `!GetAtt Queue.Arn` becomes `{ 'Fn::GetAtt': 'Queue.Arn' }`, as in the long form. An
 * empty file is an empty object. Throws `InfraError` with the first mistake of the file.
 */
function parseInfraYaml(text: string, fileName: string): unknown {
  const document = parseDocument(text, { customTags: CLOUDFORMATION_TAGS, schema: 'core' });
  const [mistake] = document.errors;
  if (mistake)
    throw new InfraError('infra_unreadable', `${fileName}: ${mistake.message}`, { cause: mistake });
  return document.toJS() ?? {};
}

function toLongForm(name: string): [string, string] {
  return [name, `Fn::${name}`];
}

// A tag may stand before a scalar, a list or a map; the library wants one entry for each.
function toTags(short: string, long: string): (ScalarTag | CollectionTag)[] {
  const tag = `!${short}`;
  return [
    { tag, resolve: (text: string) => ({ [long]: text }) },
    { tag, collection: 'seq', resolve: (node) => ({ [long]: isSeq(node) ? node.toJSON() : [] }) },
    { tag, collection: 'map', resolve: (node) => ({ [long]: isMap(node) ? node.toJSON() : {} }) },
  ];
}

/** A function's SQS trigger as the infra files describe it. */
interface EventSource {
  readonly queueArn: string;
  readonly batchSize: number;
  /** Undefined where the files set no limit. */
  readonly maximumConcurrency: number | undefined;
  /** Of the function: after it, Lambda ends the invocation. */
  readonly timeoutSeconds: number;
  readonly enabled: boolean;
}

// The framework's default for `timeout`, and Lambda's for `batchSize`.
const DEFAULT_TIMEOUT_SECONDS = 6;
const DEFAULT_BATCH_SIZE = 10;

/** Reads the one SQS trigger of a function. Throws `InfraError` where it has none, or a number is none. */
export function readEventSource(template: InfraTemplate, functionName: string): EventSource {
  const lambda = template.functionNamed(functionName);
  const sqs = findSqsEvent(lambda.field('events'));
  if (sqs === undefined) {
    throw new InfraError('infra_incomplete', `functions.yml: ${functionName} has no sqs event`);
  }
  return {
    queueArn: String(sqs.arn),
    batchSize: toNumber(sqs.batchSize ?? DEFAULT_BATCH_SIZE, 'batchSize'),
    maximumConcurrency:
      sqs.maximumConcurrency === undefined
        ? undefined
        : toNumber(sqs.maximumConcurrency, 'maximumConcurrency'),
    timeoutSeconds: toNumber(lambda.field('timeout') ?? DEFAULT_TIMEOUT_SECONDS, 'timeout'),
    enabled: sqs.enabled !== false,
  };
}

function findSqsEvent(events: unknown): Readonly<Record<string, unknown>> | undefined {
  if (!Array.isArray(events)) return undefined;
  for (const event of events) {
    if (isJsonObject(event) && isJsonObject(event.sqs)) return event.sqs;
  }
  return undefined;
}

function toNumber(value: unknown, name: string): number {
  const number = Number(value);
  if (Number.isInteger(number) && number > 0) return number;
  throw new InfraError('infra_unsupported', `functions.yml: ${name} must be a whole number above zero`);
}

const RATE = /^rate\((?<value>[1-9]\d*) (?<unit>minute|hour|day)s?\)$/;

const UNIT_MS: Readonly<Record<string, number>> = { minute: 60_000, hour: 3_600_000, day: 86_400_000 };

/**
 * How often a function's schedule runs it, in ms: the one without an event of its own, or the one with `input`. Throws
 * `InfraError` where there is none, or one that is no rate.
 */
export function readScheduleMs(template: InfraTemplate, functionName: string, input?: object): number {
  const schedule = findSchedule(template.functionNamed(functionName).field('events'), input);
  const { value, unit = '' } = RATE.exec(schedule ?? '')?.groups ?? {};
  const everyMs = Number(value) * (UNIT_MS[unit] ?? Number.NaN);
  if (Number.isFinite(everyMs)) return everyMs;
  throw new InfraError(
    'infra_unsupported',
    `functions.yml: ${functionName} needs a schedule such as rate(1 minute)`,
  );
}

function findSchedule(events: unknown, input: object | undefined): string | undefined {
  const schedules = Array.isArray(events) ? events.map((event) => isJsonObject(event) && event.schedule) : [];
  const found = schedules.find((schedule) =>
    input ? isJsonObject(schedule) && isDeepStrictEqual(schedule.input, input) : typeof schedule === 'string',
  );
  const rate = isJsonObject(found) ? found.rate : found;
  return typeof rate === 'string' ? rate : undefined;
}
