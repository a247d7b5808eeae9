import { type BuildOptions, buildSync } from 'esbuild';
import type { Artifact } from '../../../scripts/packaging/package-service.ts';
import {
  allStatements,
  at,
  type PolicyStatement,
  ROOT,
  resourceStatements,
  resourcesOf,
  roleStatements,
  set,
  type Template,
  type TemplateRule,
  targetOf,
  toList,
} from '../template.ts';
import { checkMappingRights } from './mapping.ts';
import { deadLetterQueueIds } from './queues.ts';

/** Roles name their actions and resources; resource policies allow nobody in particular nothing. */
export function checkWildcards(template: Template): string[] {
  const allowed = allStatements(template).filter(({ effect }) => effect === 'Allow');
  return [
    ...allowed
      .filter(({ isByExclusion }) => isByExclusion)
      .map(({ owner }) => `${owner} allows by exclusion`),
    ...allowed.filter(hasWildcardAction).map(({ owner }) => `${owner} allows actions by wildcard`),
    ...allowed.filter(hasWildcardResource).map(({ owner }) => `${owner} allows any resource`),
    ...allowed.filter(hasAnyPrincipal).map(({ owner }) => `${owner} allows anybody`),
  ];
}

/** Nobody can put a message into a dead-letter queue, so that every message there came from its source queue. */
export function checkDeadLetterSenders(template: Template): string[] {
  const deadLetterQueues = deadLetterQueueIds(template);
  const isDeadLetterQueue = (resource: unknown) => {
    if (deadLetterQueues.includes(targetOf(resource) ?? '')) return true;
    // However its ARN is put together; a pattern may mean one.
    const text = JSON.stringify(resource) ?? '';
    return /dlq|dead-?letter/i.test(text) || /[*?]/.test(text.split(':').pop() ?? '');
  };
  return allStatements(template)
    .filter(({ effect, actions }) => effect === 'Allow' && actions.some(maySend))
    .filter(({ resources }) => resources.some(isDeadLetterQueue))
    .map(({ owner }) => `${owner} may send to a dead-letter queue`);
}

/** Two strangers are let in: our topic's delivery into queues, and this account's alarms into theirs. */
export function checkStrangers(template: Template): string[] {
  return resourceStatements(template)
    .filter(({ effect }) => effect === 'Allow')
    .filter((statement) => !isTopicDelivery(statement) && !isAlarm(statement))
    .map(({ owner }) => `${owner} lets in more than the records topic`);
}

function isTopicDelivery({ principal, condition, actions }: PolicyStatement): boolean {
  return (
    at(principal, 'Service') === 'sns.amazonaws.com' &&
    targetOf(at(condition, 'ArnEquals', 'aws:SourceArn')) === 'RecordsTopic' &&
    actions.join() === 'sqs:SendMessage'
  );
}

function isAlarm({ principal, condition, actions, resources }: PolicyStatement): boolean {
  return (
    at(principal, 'Service') === 'cloudwatch.amazonaws.com' &&
    targetOf(at(condition, 'StringEquals', 'aws:SourceAccount')) === 'AWS::AccountId' &&
    actions.join() === 'sns:Publish' &&
    resources.every((resource) => targetOf(resource) === 'AlarmTopic')
  );
}

/** One role per function: what one may do, no other may by accident. */
export function checkRoles(template: Template): string[] {
  const functions = resourcesOf(template, 'AWS::Lambda::Function');
  const roles = functions.map(({ properties }) => targetOf(properties.Role));
  return functions
    .filter((_function, index) => roles.indexOf(roles[index]) !== index || roles[index] === undefined)
    .map(({ id }) => `${id} has no role of its own`);
}

/** New function URLs need two permissions: one for the URL, one for the call that comes through it. */
export function checkFunctionUrls(template: Template): string[] {
  const permissions = resourcesOf(template, 'AWS::Lambda::Permission');
  const urls = resourcesOf(template, 'AWS::Lambda::Url');
  return [
    ...(urls.length === 2 ? [] : [`there are ${urls.length} function URLs`]),
    ...urls.flatMap(({ id, properties }) => {
      const target = targetOf(properties.TargetFunctionArn);
      const granted = permissions
        .filter((permission) => targetOf(permission.properties.FunctionName) === target)
        .map(({ properties: it }) =>
          [it.Action, it.FunctionUrlAuthType ?? it.InvokedViaFunctionUrl].join(' '),
        );
      return [
        ...(granted.includes('lambda:InvokeFunctionUrl NONE') ? [] : [`${id} may not be called`]),
        ...(granted.includes('lambda:InvokeFunction true') ? [] : [`${id} may not invoke its function`]),
        ...(properties.Cors === undefined ? [] : [`${id} answers other websites' pages`]),
      ];
    }),
  ];
}

function hasWildcardAction({ actions }: PolicyStatement): boolean {
  return actions.some((action) => action.includes('*'));
}

// AWS offers neither a resource nor a condition for it.
const WITHOUT_RESOURCE = [
  'lambda:ListEventSourceMappings',
  'ssm:DescribeParameters',
  'cloudwatch:GetMetricData',
];

function hasWildcardResource({ actions, resources }: PolicyStatement): boolean {
  if (actions.length > 0 && actions.every((action) => WITHOUT_RESOURCE.includes(action))) return false;
  return resources.some((resource) => resource === '*') || resources.length === 0;
}

function hasAnyPrincipal({ principal }: PolicyStatement): boolean {
  return principal === '*' || at(principal, 'AWS') === '*';
}

function maySend(action: string): boolean {
  // IAM knows no upper and lower case in actions, and a star may stand anywhere.
  const pattern = action
    .replace(/[^\w*?]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`, 'i').test('sqs:SendMessage');
}

// Where the commands get at AWS, all but `doctor`, which is for whoever deploys.
const DOORS = `
  export { connectStage, createOperations } from './lib/operate/operations.ts';
  export { openSecretStore } from './lib/config/secret-store.ts';
`;

const IMPORT = /import\s*\{([^}]*)\}\s*from\s*['"]@aws-sdk\/client-(\w+)['"]/g;
const COMMAND = /^(\w+)Command$/;

// A request that is signed without the official client names its action so.
const SIGNED = /(AmazonSSM|DynamoDB)[_\d]*\.(\w+)/g;

// `trace` reads the archive through the adapter that the consumer writes it with.
const NOT_CALLED = ['s3:PutObject'];

const USED = findOperatorActions();

const statement = (index: number) => ['OperatorPolicy', 'PolicyDocument', 'Statement', index];

const ownStatements = (template: Template) =>
  allStatements(template).filter(({ owner, effect }) => Object.hasOwn(POLICIES, owner) && effect === 'Allow');

// A move into the source queue is what a redrive is.
const SOURCES = ['SessionsQueue', 'RecordsQueue'];

/** What each policy alone may do: nobody who looks and redrives also enters secrets or erases. */
const POLICIES: Readonly<Record<string, RegExp | undefined>> = {
  OperatorPolicy: undefined,
  SecretsPolicy: /^ssm:PutParameter/,
  ErasePolicy: /^s3:Delete|^dynamodb:DeleteItem/,
};

/** What must hold for the policy of whoever operates a stage. */
export const OPERATOR_RULES: readonly TemplateRule[] = [
  {
    title: 'an operator has the rights that the commands use, and no other',
    check: (it) => checkOperatorRights(it, USED),
    breaches: [
      set([...statement(2), 'Action'], ['sqs:StartMessageMoveTask']),
      set([...statement(5), 'Action'], ['s3:GetObject', 's3:PutObject']),
    ],
  },
  {
    title:
      'an operator sends into the queues that dead letters came from alone, and reads neither content nor secrets',
    check: checkOperatorReach,
    breaches: [
      set([...statement(3), 'Resource', 1], { 'Fn::GetAtt': ['RecordsDeadLetterQueue', 'Arn'] }),
      set([...statement(5), 'Resource'], { 'Fn::Sub': 'arn:aws:s3:::archive/records/*' }),
      set(
        ['SecretsPolicy', 'PolicyDocument', 'Statement', 0, 'Action'],
        ['ssm:PutParameter', 'ssm:GetParameter'],
      ),
    ],
  },
  {
    title: 'who looks and redrives neither enters secrets nor erases',
    check: checkOperatorTrust,
    breaches: [
      set([...statement(5), 'Action'], ['s3:GetObject', 's3:DeleteObjectVersion']),
      set([...statement(4), 'Action'], ['dynamodb:Query', 'dynamodb:DeleteItem']),
      set([...statement(7), 'Action'], ['lambda:ListEventSourceMappings', 'ssm:PutParameter']),
      set(['ErasePolicy', 'PolicyDocument', 'Statement', 0, 'Action'], ['ssm:PutParameter']),
    ],
  },
  {
    title: 'an operator can turn the trigger of this stage alone',
    check: checkMappingRights,
    breaches: [
      (it: Template) => {
        const statements = toList(
          at(it.Resources, 'OperatorPolicy', 'Properties', 'PolicyDocument', 'Statement'),
        );
        for (const one of statements) Object.assign(one ?? {}, { Condition: undefined });
      },
    ],
  },
];

/** Entering secrets and erasing are rights of one policy each. */
function checkOperatorTrust(template: Template): string[] {
  return ownStatements(template).flatMap(({ owner, actions }) =>
    Object.entries(POLICIES).flatMap(([policy, alone]) =>
      owner === policy
        ? []
        : actions.filter((action) => alone?.test(action)).map((action) => `${owner} may ${action}`),
    ),
  );
}

/** The operators' policies together allow `used` and nothing else. */
function checkOperatorRights(template: Template, used: readonly string[]): string[] {
  const granted = ownStatements(template).flatMap(({ actions }) => actions);
  return [
    ...used.filter((action) => !granted.includes(action)).map((action) => `an operator lacks ${action}`),
    ...granted
      .filter((action) => !used.includes(action))
      .map((action) => `an operator does not need ${action}`),
  ];
}

/** Messages go back where they came from; conversations and secrets stay unread. */
function checkOperatorReach(template: Template): string[] {
  const deadLetterQueues = deadLetterQueueIds(template);
  const reachOf = (action: string) =>
    ownStatements(template)
      .filter(({ actions }) => actions.includes(action))
      .flatMap(({ resources }) => resources);
  return [
    ...reachOf('sqs:SendMessage')
      .filter((it) => !SOURCES.includes(targetOf(it) ?? ''))
      .map(() => 'an operator may send elsewhere'),
    ...reachOf('sqs:StartMessageMoveTask')
      .filter((it) => !deadLetterQueues.includes(targetOf(it) ?? ''))
      .map(() => 'an operator may move what is not dead'),
    ...reachOf('s3:GetObject')
      .filter((it) => !String(at(it, 'Fn::Sub')).endsWith('/latest/*'))
      .map(() => 'an operator may read conversations'),
    ...['ssm:GetParameter', 'ssm:GetParameters', 'ssm:GetParametersByPath']
      .filter((action) => reachOf(action).length > 0)
      .map((action) => `an operator may read secrets (${action})`),
  ];
}

/** The rights that the commands of a person ask for. */
function findOperatorActions(): string[] {
  const actions = findActions(bundleOwnCode({ stdin: { contents: DOORS, resolveDir: ROOT, loader: 'ts' } }));
  return [...new Set(actions.flatMap(toRights))].filter((action) => !NOT_CALLED.includes(action));
}

/** IAM knows no rights of their own for SQS's batches, and other names for listing and deleting objects. */
function toRights(action: string): string[] {
  if (action === 's3:ListObjectsV2') return ['s3:ListBucket'];
  if (action === 's3:ListObjectVersions') return ['s3:ListBucketVersions'];
  if (action === 's3:DeleteObjects') return ['s3:DeleteObject', 's3:DeleteObjectVersion'];
  return [action.startsWith('sqs:') ? action.replace(/Batch$/, '') : action];
}

// Rights that no command of ours asks for: the log, what Lambda itself does with the event source, and what makes S3 say
// 404 rather than 403.
const WITHOUT_COMMAND = [
  'logs:CreateLogStream',
  'logs:PutLogEvents',
  'sqs:ReceiveMessage',
  'sqs:DeleteMessage',
  'sqs:GetQueueAttributes',
  's3:ListBucket',
];

/** Of adapters that a function reads through, and others write through. */
const READ_ONLY: Readonly<Record<string, readonly string[]>> = {
  api: ['s3:PutObject', 'lambda:UpdateEventSourceMapping'],
  reconcile: ['s3:PutObject'],
};

/** A role has the rights that its function's own code needs, and no other. */
export function checkUsedActions(
  template: Template,
  { name }: Pick<Artifact, 'name'>,
  root: string,
): string[] {
  const own = bundleOwnCode({ absWorkingDir: root, entryPoints: [`functions/${name}.ts`] });
  const used = findActions(own)
    .flatMap(toRights)
    .filter((action) => !READ_ONLY[name]?.includes(action));
  const granted = grantedActions(template, name);
  return [
    ...new Set([
      ...used.filter((action) => !granted.includes(action)).map((action) => `lacks ${action}`),
      ...granted
        .filter((action) => !used.includes(action) && !WITHOUT_COMMAND.includes(action))
        .map((action) => `does not need ${action}`),
    ]),
  ].map((complaint) => `${name} ${complaint}`);
}

/** Our own code alone, without what an entry point does not reach. */
function bundleOwnCode(options: BuildOptions): string {
  const { outputFiles } = buildSync({
    ...options,
    bundle: true,
    write: false,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    outdir: 'out',
  });
  return outputFiles?.map(({ text }) => text).join('\n') ?? '';
}

/** The commands that a bundle imports, and what it asks for without a client. */
function findActions(bundle: string): string[] {
  // A bundler drops what is not called, but no name from an import of which another one is used.
  const body = bundle.replace(IMPORT, '');
  const commands = [...bundle.matchAll(IMPORT)].flatMap(([, names = '', service = '']) =>
    names.split(',').flatMap((name) => {
      const [given = '', local = given] = name.trim().split(' as ');
      const command = COMMAND.exec(given)?.[1];
      return command === undefined || !body.includes(`new ${local}(`) ? [] : [`${service}:${command}`];
    }),
  );
  const signed = [...bundle.matchAll(SIGNED)].map(
    ([, service, action]) => `${service === 'DynamoDB' ? 'dynamodb' : 'ssm'}:${action}`,
  );
  return [...commands, ...signed];
}

function grantedActions(template: Template, name: string): string[] {
  const lambda = resourcesOf(template, 'AWS::Lambda::Function').find(({ properties }) =>
    String(at(properties, 'FunctionName')).endsWith(`-${name}`),
  );
  const role = targetOf(lambda?.properties.Role);
  return roleStatements(template)
    .filter(({ owner, effect }) => owner === role && effect === 'Allow')
    .flatMap(({ actions }) => actions);
}
