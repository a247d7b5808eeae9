import { findOperatorActions } from '../template/operator-actions.ts';
import { at, type Template, toList } from '../template/template.ts';
import { checkOperatorReach, checkOperatorRights, checkOperatorTrust } from './operator.ts';
import { checkTapRights } from './tap.ts';
import { set, type TemplateRule } from './template-rule.ts';

const USED = await findOperatorActions();

const statement = (index: number) => ['OperatorPolicy', 'PolicyDocument', 'Statement', index];

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
    check: checkTapRights,
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
