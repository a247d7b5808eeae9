import { checkNameLengths, checkNames, checkNoSecrets } from './stage.ts';
import { set, type TemplateRule } from './template-rule.ts';

/** What must hold for stages to live beside each other, and for secrets to stay out of all of them. */
export const STAGE_RULES: readonly TemplateRule[] = [
  {
    title: 'whatever has a name carries its stage, and where names are an account’s, its region',
    check: checkNames,
    breaches: [
      set(['RecordsQueue', 'QueueName'], 'crisp-enrich-records'),
      set(['LedgerTable', 'TableName'], 'ledger'),
      set(['SessionQuery', 'Name'], 'what happened to a session'),
      set(['OperatorPolicy', 'ManagedPolicyName'], 'crisp-enrich-test-operator'),
      set(['Dashboard', 'DashboardName'], 'crisp-enrich-test'),
      set(['ArchiveBucket', 'BucketName'], 'crisp-enrich-test-archive-000000000000'),
    ],
  },
  {
    title: 'the longest stage in the longest region has names that AWS takes',
    check: checkNameLengths,
    breaches: [
      // biome-ignore lint/suspicious/noTemplateCurlyInString: CloudFormation fills it in.
      set(['ArchiveBucket', 'BucketName'], 'crisp-enrich-test-archive-1-${AWS::AccountId}-${AWS::Region}'),
      set(['SessionsQueue', 'QueueName'], `crisp-enrich-test-${'sessions-'.repeat(6)}.fifo`),
    ],
  },
  {
    title: 'the template creates no secret and no key',
    check: checkNoSecrets,
    breaches: [
      (it) =>
        void Object.assign(it.Resources, {
          Token: { Type: 'AWS::SSM::Parameter', Properties: { Type: 'String', Value: 'x' } },
        }),
      set(['WebhookLambdaFunction', 'Environment', 'Variables', 'CRISP_HOOK_SECRETS'], 'x'),
    ],
  },
];
