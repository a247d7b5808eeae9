import { EXAMPLE_KEY_ARN } from '../../../scripts/packaging/format-permissions.ts';
import { at, type Template } from '../template/template.ts';
import { EVERY_ALARM_RULES } from './alarm-rules.ts';
import { checkKeyRights, checkOwnKey } from './own-key.ts';
import { checkWildcards } from './permissions.ts';
import { SCHEMA_RULES } from './schema-rules.ts';
import { checkAlarmAddress } from './tap.ts';
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
      ...expectValue(it, ['NoHooksAlarm', 'EvaluationPeriods'], 48),
      ...expectValue(it, ['NoHooksAlarm', 'DatapointsToAlarm'], 48),
      ...expectValue(it, ['NoHooksAlarm', 'Period'], 3600),
    ],
    breaches: [
      set(['NoHooksAlarm', 'EvaluationPeriods'], 24),
      set(['NoHooksAlarm', 'Period'], 60),
      (it) => void delete it.Resources.NoHooksAlarm,
    ],
  },
  {
    title: 'alarms are mailed to the address that was given',
    check: (it) => checkAlarmAddress(it, 'ops@example.com'),
    breaches: [
      set(['AlarmTopic', 'Subscription'], undefined),
      set(['AlarmTopic', 'Subscription', 0, 'Endpoint'], 'somebody@example.com'),
    ],
  },
  ...EVERY_ALARM_RULES,
  ...SCHEMA_RULES,
];

function expectValue(template: Template, [id = '', ...keys]: (string | number)[], value: unknown): string[] {
  const found = at(template.Resources, id, 'Properties', ...keys);
  return found === value ? [] : [`${[id, ...keys].join('.')} is ${JSON.stringify(found)}`];
}
