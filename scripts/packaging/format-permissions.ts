import { createInfraResolver } from '../../lib/config/infra-resolver.ts';
import { isJsonObject } from '../../lib/text.ts';

interface PackagedTemplates {
  /** The template's text as it is packaged without options. */
  readonly standard: string;
  /** The same with `EXAMPLE_KEY_ARN` for `KMS_KEY_ARN`. */
  readonly ownKey: string;
  /** The stage that both were packaged for. */
  readonly stage: string;
}

export const EXAMPLE_KEY_ARN = 'arn:aws:kms:eu-west-1:123456789012:key/00000000-0000-4000-8000-000000000000';

/** The document of everybody's permissions, as Markdown: what the template allows each function and the operator. */
export function formatPermissions({ standard, ownKey, stage }: PackagedTemplates): string {
  const resources = readResources(standard);
  const text = [
    HEAD,
    ...policiesOf(resources).map(({ owner, document }) => toSection(`## \`${owner}\``, document, resources)),
    `${OWN_KEY}\n\n${toKeyLines(policiesOf(readResources(ownKey)), resources).join('\n')}`,
  ].join('\n\n');
  return `${text
    .replaceAll(`crisp-enrich-${stage}`, 'crisp-enrich-{stage}')
    .replaceAll(`crisp-enrich/${stage}/`, 'crisp-enrich/{stage}/')
    .replaceAll(EXAMPLE_KEY_ARN, '{KMS_KEY_ARN}')}\n`;
}

const HEAD = `# Permissions

What each function may do, and what operators need. \`node scripts/generate-permissions.ts\` writes this page from the packaged template; tests hold it and each policy to template and code.

No function may send to a dead-letter queue, make a log group or change a policy. \`*\` alone stands where AWS offers no resource. The consumer's event source mapping is limited by its condition: its id is not known beforehand.

Operators have three policies, attached to nobody: \`OperatorPolicy\` (look, redrive, hold the queue), \`SecretsPolicy\`, \`ErasePolicy\`. Attach each to a role of yours; detach it before you remove the stack.`;

const OWN_KEY = `## With a key of your own

With \`KMS_KEY_ARN\` they also have these ([deploy.md](deploy.md#a-key-of-your-own) has the key's own policy).`;

type Resources = Readonly<Record<string, unknown>>;

interface Policy {
  readonly owner: string;
  readonly document: unknown;
  readonly isForKey: boolean;
}

function policiesOf(resources: Resources): Policy[] {
  return Object.entries(resources).flatMap(([id, resource]): Policy[] => {
    const owner = id.replace(/(Key)?(Role|Policy)$/, '').toLowerCase();
    const isForKey = id.endsWith('KeyPolicy');
    const [inline] = asList(get(resource, 'Properties', 'Policies'));
    switch (get(resource, 'Type')) {
      case 'AWS::IAM::Role':
        return [{ owner, isForKey, document: get(inline, 'PolicyDocument') }];
      case 'AWS::IAM::RolePolicy':
      case 'AWS::IAM::ManagedPolicy':
        return [{ owner, isForKey, document: get(resource, 'Properties', 'PolicyDocument') }];
      default:
        return [];
    }
  });
}

/** Those whose rights to the key are equal share a line. */
function toKeyLines(policies: readonly Policy[], resources: Resources): string[] {
  const byRights = Map.groupBy(
    policies.filter(({ isForKey }) => isForKey),
    ({ document }) => toLines(document, resources).join('\n'),
  );
  return [...byRights].map(
    ([lines, owners]) => `${owners.map(({ owner }) => toCode(owner)).join(', ')}:\n\n${lines}`,
  );
}

function toSection(heading: string, document: unknown, resources: Resources): string {
  return [heading, '', ...toLines(document, resources)].join('\n');
}

function toLines(document: unknown, resources: Resources): string[] {
  return asList(get(resolve(document, resources), 'Statement')).map(toLine);
}

/** One statement as a line: every policy here allows, and no key but the name is left out. */
function toLine(statement: unknown): string {
  if (!isJsonObject(statement)) throw new Error('A policy has a statement that is no object');
  const { Sid, Effect, Action, Resource, Condition, ...rest } = statement;
  if (Effect !== 'Allow' || Object.keys(rest).length > 0) {
    throw new Error(`The page of permissions cannot show the statement ${String(Sid)}`);
  }
  const where = Condition === undefined ? '' : ` where \`${JSON.stringify(Condition)}\``;
  return `- ${toCode(Action)} on ${toCode(Resource)}${where}`;
}

function toCode(value: unknown): string {
  return (Array.isArray(value) ? value : [value]).map((item) => `\`${String(item)}\``).join(', ');
}

/** Puts names and ARNs in the place of references. */
function resolve(document: unknown, resources: Resources): unknown {
  const raw = Object.entries(resources).map(([logicalId, resource]) => {
    const properties = get(resource, 'Properties');
    return {
      logicalId,
      type: String(get(resource, 'Type')),
      properties: isJsonObject(properties) ? properties : {},
    };
  });
  return createInfraResolver(new Map(raw.map((it) => [it.logicalId, it])), PLACE)(document);
}

const PLACE = { stage: '{stage}', settings: {}, region: '{region}', accountId: '{account}' };

function readResources(text: string): Resources {
  const resources = get(JSON.parse(text), 'Resources');
  if (!isJsonObject(resources)) throw new Error('The template has no resources');
  return resources;
}

function get(value: unknown, ...keys: readonly string[]): unknown {
  return keys.reduce<unknown>((part, key) => (isJsonObject(part) ? part[key] : undefined), value);
}

function asList(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
