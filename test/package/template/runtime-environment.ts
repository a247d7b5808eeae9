import { at, type Template } from './template.ts';

// What CloudFormation would put in place of a reference.
const VALUES: Readonly<Record<string, string>> = {
  SessionsQueue: 'https://sqs.us-east-1.amazonaws.com/000000000000/crisp-enrich-test-sessions.fifo',
  RecordsTopic: 'arn:aws:sns:us-east-1:000000000000:crisp-enrich-test-records',
  ArchiveBucket: 'crisp-enrich-test-archive-000000000000',
  LedgerTable: 'crisp-enrich-test-ledger',
  AlarmTopic: 'arn:aws:sns:us-east-1:000000000000:crisp-enrich-test-alarms',
};

const ARNS: Readonly<Record<string, string>> = {
  SessionsQueue: 'arn:aws:sqs:us-east-1:000000000000:crisp-enrich-test-sessions.fifo',
};

/** The environment in which Lambda would run a function of the template. */
export function runtimeEnvironment(template: Template, logicalId: string): Record<string, string> {
  const variables = at(template.Resources, logicalId, 'Properties', 'Environment', 'Variables') ?? {};
  const name = String(at(template.Resources, logicalId, 'Properties', 'FunctionName'));
  return {
    ...Object.fromEntries(
      Object.entries(variables).map(([key, value]) => [
        key,
        VALUES[String(at(value, 'Ref'))] ?? ARNS[String(at(value, 'Fn::GetAtt', 0))] ?? String(value),
      ]),
    ),
    AWS_LAMBDA_FUNCTION_NAME: name,
    AWS_REGION: 'us-east-1',
  };
}
