import { at, resourcesOf, type Template } from '../template/template.ts';

const NAMES: Readonly<Record<string, string>> = {
  'AWS::SQS::Queue': 'QueueName',
  'AWS::SNS::Topic': 'TopicName',
  'AWS::S3::Bucket': 'BucketName',
  'AWS::DynamoDB::Table': 'TableName',
  'AWS::Lambda::Function': 'FunctionName',
  'AWS::Logs::LogGroup': 'LogGroupName',
  'AWS::Logs::QueryDefinition': 'Name',
  'AWS::CloudWatch::Alarm': 'AlarmName',
  'AWS::CloudWatch::Dashboard': 'DashboardName',
  'AWS::IAM::ManagedPolicy': 'ManagedPolicyName',
};

// One name each in all regions of an account: the same stage may be in two of them.
const OF_ACCOUNT = ['AWS::CloudWatch::Dashboard', 'AWS::IAM::ManagedPolicy'];

/** Names are the stage's own, so that two stages, or one stage in two regions, never meet. */
export function checkNames(template: Template): string[] {
  return Object.entries(NAMES).flatMap(([type, key]) =>
    resourcesOf(template, type)
      .filter(({ id }) => id !== 'ServerlessDeploymentBucket')
      .filter(({ properties }) => {
        const name = String(at(properties[key], 'Fn::Sub') ?? properties[key]);
        const isOfStage = /^(\/aws\/lambda\/)?crisp-enrich-test[-/]/.test(name);
        return !isOfStage || (OF_ACCOUNT.includes(type) && !name.includes('AWS::Region'));
      })
      .map(({ id }) => `${id} has a name that another stage has too`),
  );
}

const SECRET_KEEPERS = /^AWS::(SSM::Parameter|SecretsManager::|KMS::)/;
const SECRET_VARIABLES = ['CRISP_HOOK_SECRETS', 'CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY'];

/** Secrets are entered by people, after the deployment or before it; keys are the team's. */
export function checkNoSecrets(template: Template): string[] {
  return [
    ...Object.entries(template.Resources)
      .filter(([, { Type }]) => SECRET_KEEPERS.test(Type))
      .map(([id]) => `${id} is a secret, or a key`),
    ...resourcesOf(template, 'AWS::Lambda::Function').flatMap(({ id, properties }) =>
      SECRET_VARIABLES.filter((name) => at(properties, 'Environment', 'Variables', name) !== undefined).map(
        (name) => `${id} holds ${name}`,
      ),
    ),
  ];
}
