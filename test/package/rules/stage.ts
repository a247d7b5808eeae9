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
const OF_ACCOUNT = ['AWS::CloudWatch::Dashboard', 'AWS::IAM::ManagedPolicy', 'AWS::S3::Bucket'];

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

// What each service allows; those that are missing allow 255 or more.
const MAX_LENGTHS: Readonly<Record<string, number>> = {
  'AWS::SQS::Queue': 80,
  'AWS::S3::Bucket': 63,
  'AWS::Lambda::Function': 64,
  'AWS::IAM::ManagedPolicy': 128,
};
// The longest region, and the longest stage that `deploy` takes in it and anywhere.
const LONGEST_REGION = 'us-isof-south-1';
const LONGEST_STAGE = { 'AWS::S3::Bucket': 13, others: 20 };

/** The longest stage in the longest region has names that AWS takes. */
export function checkNameLengths(template: Template): string[] {
  return Object.entries(NAMES).flatMap(([type, key]) =>
    resourcesOf(template, type).flatMap(({ id, properties }) => {
      const stage = 's'.repeat(type === 'AWS::S3::Bucket' ? LONGEST_STAGE[type] : LONGEST_STAGE.others);
      const name = String(at(properties[key], 'Fn::Sub') ?? properties[key])
        .replace('crisp-enrich-test', `crisp-enrich-${stage}`)
        .replace(/\$\{AWS::AccountId\}/, '0'.repeat(12))
        .replace(/\$\{AWS::Region\}/, LONGEST_REGION);
      const limit = MAX_LENGTHS[type] ?? 255;
      return name.length > limit ? [`${id} has ${name.length} of ${limit} characters`] : [];
    }),
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
