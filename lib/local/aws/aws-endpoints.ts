/** The AWS services of the pipeline, by the names that `healthz` uses. */
export const AWS_SERVICES = ['sqs', 'sns', 's3', 'dynamodb'] as const;

export type AwsServiceName = (typeof AWS_SERVICES)[number];

/** Base URL of each service, without a slash at the end. */
export type AwsEndpoints = Readonly<Record<AwsServiceName, string>>;
