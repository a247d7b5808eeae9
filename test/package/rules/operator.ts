import { allStatements } from '../template/policy-statements.ts';
import { at, type Template, targetOf } from '../template/template.ts';
import { deadLetterQueueIds } from './queues.ts';

const ownStatements = (template: Template) =>
  allStatements(template).filter(({ owner, effect }) => owner === 'OperatorPolicy' && effect === 'Allow');

/** The operator's policy allows `used` and nothing else. */
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
