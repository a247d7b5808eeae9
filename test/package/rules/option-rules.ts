import { EXAMPLE_KEY_ARN } from '../../../scripts/packaging/format-permissions.ts';
import { at, type Template } from '../template/template.ts';
import { checkKeyRights, checkOwnKey } from './own-key.ts';
import { checkWildcards } from './permissions.ts';
import { SCHEMA_RULES } from './schema-rules.ts';
import { set, type TemplateRule } from './template-rule.ts';

/** What must hold for a template with every option set. */
export const OPTION_RULES: readonly TemplateRule[] = [
  {
    title: 'what holds messages, records, notes or logs is encrypted with the key that was given',
    check: (it) => checkOwnKey(it, EXAMPLE_KEY_ARN),
    breaches: [
      set(['RecordsUndeliveredQueue', 'KmsMasterKeyId'], undefined),
      set(['SessionsQueue', 'SqsManagedSseEnabled'], true),
      set(['RecordsTopic', 'KmsMasterKeyId'], 'alias/aws/sns'),
      set(['ArchiveBucket', 'BucketEncryption', 'ServerSideEncryptionConfiguration', 0], {}),
      set(['LedgerTable', 'SSESpecification', 'KMSMasterKeyId'], undefined),
      set(['ProbeLogGroup', 'KmsKeyId'], undefined),
    ],
  },
  {
    title: 'whoever uses what is encrypted may use the key, and that key alone',
    check: (it) => checkKeyRights(it, EXAMPLE_KEY_ARN),
    breaches: [
      (it) => void delete it.Resources.WebhookKeyPolicy,
      set(['WebhookKeyPolicy', 'PolicyDocument', 'Statement', 0, 'Action'], ['kms:Decrypt']),
      set(['ConsumerKeyPolicy', 'RoleName'], { Ref: 'ProbeRole' }),
      set(['ProbeKeyPolicy', 'PolicyDocument', 'Statement', 0, 'Resource'], '*'),
    ],
  },
  {
    title: 'policies name actions and resources',
    check: checkWildcards,
    breaches: [set(['ConsumerKeyPolicy', 'PolicyDocument', 'Statement', 0, 'Action'], 'kms:*')],
  },
  {
    title: 'the webhook has the concurrency that was reserved for it',
    check: (it) => expectValue(it, ['WebhookLambdaFunction', 'ReservedConcurrentExecutions'], 20),
    breaches: [set(['WebhookLambdaFunction', 'ReservedConcurrentExecutions'], undefined)],
  },
  {
    title: 'the silence of the hooks is heard after the hours that were given',
    check: (it) => [
      ...(JSON.stringify(at(it.Conditions, 'HasNoHooksAlarm')).includes('["48h","0h"]')
        ? []
        : ['the alarm for silence is off']),
      ...expectValue(it, ['NoHooksAlarm', 'EvaluationPeriods', 'Fn::If', 1], 48),
      ...expectValue(it, ['NoHooksAlarm', 'DatapointsToAlarm', 'Fn::If', 1], 48),
      ...expectValue(it, ['NoHooksAlarm', 'Period'], 3600),
    ],
    breaches: [
      set(['NoHooksAlarm', 'EvaluationPeriods', 'Fn::If', 1], 24),
      set(['NoHooksAlarm', 'Period'], 60),
      (it) => void Object.assign(it.Conditions ?? {}, { HasNoHooksAlarm: { 'Fn::Equals': ['48h', '48h'] } }),
    ],
  },
  ...SCHEMA_RULES,
];

function expectValue(template: Template, [id = '', ...keys]: (string | number)[], value: unknown): string[] {
  const found = at(template.Resources, id, 'Properties', ...keys);
  return found === value ? [] : [`${[id, ...keys].join('.')} is ${JSON.stringify(found)}`];
}
