import { checkNames, checkNoSecrets } from './stage.ts';
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
