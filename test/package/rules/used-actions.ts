import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Artifact } from '../../../scripts/packaging/write-artifacts.ts';
import { roleStatements } from '../template/policy-statements.ts';
import { at, resourcesOf, type Template, targetOf } from '../template/template.ts';

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

const IMPORT = /import\s*\{([^}]*)\}\s*from\s*'@aws-sdk\/client-(\w+)'/g;
const COMMAND = /^(\w+)Command$/;
// What Powertools' provider of parameters calls for each of its methods.
const PROVIDER = /\bSSMProvider\b/;
const PROVIDER_METHODS: Readonly<Record<string, RegExp>> = {
  'ssm:GetParameter': /\.get\(/,
  'ssm:GetParameters': /\.getParametersByName\(/,
  'ssm:GetParametersByPath': /\.getMultiple\(/,
};

/** A role has the rights that its function's own code needs, and no other. */
export function checkUsedActions(
  template: Template,
  artifact: Pick<Artifact, 'name' | 'inputs'>,
  root: string,
): string[] {
  const used = artifact.inputs
    .filter((path) => /^(?:lib|functions)\//.test(path))
    .flatMap((path) => findActions(readFileSync(join(root, path), 'utf8')));
  const granted = grantedActions(template, artifact.name);
  return [
    ...new Set([
      ...used.filter((action) => !granted.includes(action)).map((action) => `lacks ${action}`),
      ...granted
        .filter((action) => !used.includes(action) && !WITHOUT_COMMAND.includes(action))
        .map((action) => `does not need ${action}`),
    ]),
  ].map((complaint) => `${artifact.name} ${complaint}`);
}

export function findActions(source: string): string[] {
  const commands = [...source.matchAll(IMPORT)].flatMap(([, names = '', service = '']) =>
    names.split(',').flatMap((name) => {
      const command = COMMAND.exec(name.trim())?.[1];
      return command === undefined ? [] : [`${service}:${command}`];
    }),
  );
  const readers = Object.entries(PROVIDER_METHODS)
    .filter(([, method]) => PROVIDER.test(source) && method.test(source))
    .map(([action]) => action);
  return [...commands, ...readers];
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
