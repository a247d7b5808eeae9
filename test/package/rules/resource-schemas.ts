import { loadAwsServiceSpecSync } from '@aws-cdk/aws-service-spec';
import type { Property, PropertyType } from '@aws-cdk/service-spec-types';
import { isJsonObject } from '../../../lib/core/is-json-object.ts';
import type { Template } from '../template/template.ts';

// AWS's own schemas of its resources, as a package of the CDK has them.
const schemas = loadAwsServiceSpecSync();

type Properties = Readonly<Record<string, Property>>;

/** Every resource is of a type that CloudFormation knows, with properties that the type has, of their types. */
export function checkResourceSchemas(template: Template): string[] {
  return Object.entries(template.Resources).flatMap(([id, { Type, Properties }]) => {
    const [resource] = schemas.lookup('resource', 'cloudFormationType', 'equals', Type);
    if (resource === undefined) return [`${id}: CloudFormation knows no ${Type}`];
    // Schemas call optional what AWS itself fills in, and so do the templates of others.
    return checkObject(Properties, resource.properties, id);
  });
}

function checkObject(
  value: Readonly<Record<string, unknown>>,
  properties: Properties,
  path: string,
): string[] {
  return [
    ...Object.entries(properties)
      .filter(([name, { required }]) => required === true && value[name] === undefined)
      .map(([name]) => `${path} lacks ${name}`),
    ...Object.entries(value).flatMap(([name, part]) => {
      const property = Object.hasOwn(properties, name) ? properties[name] : undefined;
      if (property === undefined) return [`${path} has no ${name}`];
      return checkValue(part, property.type, `${path}.${name}`);
    }),
  ];
}

function checkValue(value: unknown, type: PropertyType, path: string): string[] {
  if (value === undefined || isIntrinsic(value)) return [];
  switch (type.type) {
    case 'string':
      return checkText(value, type.allowedValues, path);
    case 'date-time':
      return checkText(value, undefined, path);
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path} is no truth value`];
    case 'number':
      return typeof value === 'number' ? [] : [`${path} is no number`];
    case 'integer':
      return Number.isInteger(value) ? [] : [`${path} is no whole number`];
    case 'array':
      if (!Array.isArray(value)) return [`${path} is no list`];
      return value.flatMap((item, index) => checkValue(item, type.element, `${path}.${index}`));
    case 'map':
      if (!isJsonObject(value)) return [`${path} is no map`];
      return Object.entries(value).flatMap(([key, item]) => checkValue(item, type.element, `${path}.${key}`));
    case 'ref':
      if (!isJsonObject(value)) return [`${path} is no object`];
      return checkObject(value, schemas.get('typeDefinition', type.reference.$ref).properties, path);
    case 'union': {
      const attempts = type.types.map((one) => checkValue(value, one, path));
      return attempts.some((problems) => problems.length === 0) ? [] : (attempts[0] ?? []);
    }
    // Any JSON, tags, nothing.
    default:
      return [];
  }
}

function checkText(value: unknown, allowed: readonly string[] | undefined, path: string): string[] {
  if (typeof value !== 'string') return [`${path} is no text`];
  return allowed === undefined || allowed.includes(value) ? [] : [`${path} cannot be ${value}`];
}

/** What CloudFormation puts a value in the place of. */
function isIntrinsic(value: unknown): boolean {
  if (!isJsonObject(value)) return false;
  const [name = '', ...others] = Object.keys(value);
  return others.length === 0 && (name === 'Ref' || name.startsWith('Fn::'));
}
