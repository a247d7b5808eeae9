import { allStatements } from '../template/policy-statements.ts';
import { at, type Template, targetOf } from '../template/template.ts';
import { deadLetterQueueIds } from './queues.ts';

/** What each policy alone may do: nobody who looks and redrives also enters secrets or erases. */
const POLICIES: Readonly<Record<string, RegExp | undefined>> = {
  OperatorPolicy: undefined,
  SecretsPolicy: /^ssm:PutParameter/,
  ErasePolicy: /^s3:Delete|^dynamodb:DeleteItem/,
};

const ownStatements = (template: Template) =>
  allStatements(template).filter(({ owner, effect }) => Object.hasOwn(POLICIES, owner) && effect === 'Allow');

/** Entering secrets and erasing are rights of one policy each. */
export function checkOperatorTrust(template: Template): string[] {
  return ownStatements(template).flatMap(({ owner, actions }) =>
    Object.entries(POLICIES).flatMap(([policy, alone]) =>
      owner === policy
        ? []
        : actions.filter((action) => alone?.test(action)).map((action) => `${owner} may ${action}`),
    ),
  );
}

/** The operators' policies together allow `used` and nothing else. */
export function checkOperatorRights(template: Template, used: readonly string[]): string[] {
  const granted = ownStatements(template).flatMap(({ actions }) => actions);
  return [
    ...used.filter((action) => !granted.includes(action)).map((action) => `an operator lacks ${action}`),
    ...granted
      .filter((action) => !used.includes(action))
      .map((action) => `an operator does not need ${action}`),
  ];
}

// A move into the source queue is what a redrive is.
const SOURCES = ['SessionsQueue', 'RecordsQueue'];

/** Messages go back where they came from; conversations and secrets stay unread. */
export function checkOperatorReach(template: Template): string[] {
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
