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
    OWN_KEY,
    ...policiesOf(readResources(ownKey))
      .filter(({ isForKey }) => isForKey)
      .map(({ owner, document }) => toSection(`### \`${owner}\` and its key`, document, resources)),
  ].join('\n\n');
  return `${text
    .replaceAll(`crisp-enrich-${stage}`, 'crisp-enrich-{stage}')
    .replaceAll(`crisp-enrich/${stage}/`, 'crisp-enrich/{stage}/')
    .replaceAll(EXAMPLE_KEY_ARN, '{KMS_KEY_ARN}')}\n`;
}

const HEAD = `# Permissions

What each function may do, and what operators need: the policies of the packaged template, with \`{stage}\`, \`{region}\` and \`{account}\` in place of yours. \`node scripts/generate-permissions.ts\` writes this page, and a test keeps it equal to the template. Two tests more hold each policy against the calls that the code makes, both ways.

No function may send to a dead-letter queue, make a log group, or change a policy. Wildcards stand for objects below a prefix, for streams of a function's own log, and for the trigger of the consumer, whose id nobody knows beforehand (the condition limits it); alone only where AWS offers no resource: finding triggers, listing the names of parameters, reading metrics. Operators have three policies, attached to nobody: looking, redriving and holding the queue (\`OperatorPolicy\`), entering secrets (\`SecretsPolicy\`), erasing conversations (\`ErasePolicy\`). Give each to a role of your own, and detach it before you remove the stack.`;

const OWN_KEY = `## With a key of your own

With \`KMS_KEY_ARN\` each has these beside the above ([deploy.md](deploy.md#a-key-of-your-own) has what the key's own policy needs).`;

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

function toSection(heading: string, document: unknown, resources: Resources): string {
  return `${heading}\n\n\`\`\`json\n${JSON.stringify(resolve(document, resources), null, 2)}\n\`\`\``;
}

/** Puts names and ARNs in the place of references. */
function resolve(value: unknown, resources: Resources): unknown {
  if (Array.isArray(value)) return value.map((item) => resolve(item, resources));
  if (!isJsonObject(value)) return value;
  const { Ref, 'Fn::GetAtt': attribute, 'Fn::Sub': text } = value;
  if (typeof Ref === 'string') return refer(Ref, resources);
  if (Array.isArray(attribute)) return toArn(String(attribute[0]), resources);
  if (typeof text === 'string') {
    return text.replace(/\$\{([\w:]+)(\.Arn)?\}/g, (_match, id: string, isArn?: string) =>
      isArn === undefined ? refer(id, resources) : toArn(id, resources),
    );
  }
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, resolve(item, resources)]));
}

const PSEUDO_PARAMETERS: Readonly<Record<string, string>> = {
  'AWS::Partition': 'aws',
  'AWS::Region': '{region}',
  'AWS::AccountId': '{account}',
  'AWS::StackId': 'arn:aws:cloudformation:{region}:{account}:stack/crisp-enrich-{stage}/{id}',
};

/** A topic's `Ref` is its ARN; no policy refers to anything else so. */
function refer(id: string, resources: Resources): string {
  return PSEUDO_PARAMETERS[id] ?? toArn(id, resources);
}

function toArn(id: string, resources: Resources): string {
  const properties = get(resources, id, 'Properties');
  const name = (key: string) => String(resolve(get(properties, key), resources));
  const type = get(resources, id, 'Type');
  switch (type) {
    case 'AWS::SQS::Queue':
      return `arn:aws:sqs:{region}:{account}:${name('QueueName')}`;
    case 'AWS::SNS::Topic':
      return `arn:aws:sns:{region}:{account}:${name('TopicName')}`;
    case 'AWS::S3::Bucket':
      return `arn:aws:s3:::${name('BucketName')}`;
    case 'AWS::DynamoDB::Table':
      return `arn:aws:dynamodb:{region}:{account}:table/${name('TableName')}`;
    case 'AWS::Logs::LogGroup':
      return `arn:aws:logs:{region}:{account}:log-group:${name('LogGroupName')}:*`;
    default:
      throw new Error(`The page of permissions cannot name ${id} (${String(type)})`);
  }
}

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
