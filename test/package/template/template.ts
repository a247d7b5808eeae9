import * as z from 'zod';

const Resource = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), z.unknown()).default({}),
  DeletionPolicy: z.string().optional(),
});

const Template = z.looseObject({
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
