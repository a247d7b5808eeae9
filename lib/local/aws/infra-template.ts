import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject } from '../../core/is-json-object.ts';
import { createInfraResolver, type InfraResolver, type RawResource } from './create-infra-resolver.ts';
import type { InfraContext, InfraSettings } from './infra-context.ts';
import { InfraError } from './infra-error.ts';
import { parseInfraYaml } from './parse-infra-yaml.ts';

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

export interface InfraFunction {
  readonly name: string;
  /** A field of the function, resolved. */
  field(name: string): unknown;
}

export interface InfraTemplateOptions {
  readonly stage: string;
  readonly settings: InfraSettings;
  readonly region?: string;
  /** The account in ARNs; emulators have twelve zeros. */
  readonly accountId?: string;
}

const FUNCTIONS_FILE = 'functions.yml';

/**
 * Reads every *.yml of `directory`: functions.yml holds functions, any other file CloudFormation `Resources`. Values
 * are resolved when they are asked for, so what local mode does not use may be anything. Rejects with `InfraError`.
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
    return await Promise.all(names.map((name) => readInfraFile(directory, name)));
  } catch (error) {
    if (error instanceof InfraError) throw error;
    throw new InfraError('infra_unreadable', `Cannot read the infra files in ${directory}`, { cause: error });
  }
}

async function readInfraFile(directory: string, name: string): Promise<InfraFile> {
  const content = parseInfraYaml(await readFile(join(directory, name), 'utf8'), name);
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
