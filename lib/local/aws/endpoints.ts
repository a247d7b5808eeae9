import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { SNSClient } from '@aws-sdk/client-sns';
import { SQSClient } from '@aws-sdk/client-sqs';
import type { AwsClients } from '../../aws/clients.ts';
import { ConfigError, type ConfigProblem } from '../../errors.ts';
import { isLoopbackHost } from '../http-server.ts';

/** The AWS services of the pipeline, by the names that `healthz` uses. */
export const AWS_SERVICES = ['sqs', 'sns', 's3', 'dynamodb'] as const;

export type AwsServiceName = (typeof AWS_SERVICES)[number];

/** Base URL of each service, without a slash at the end. */
export type AwsEndpoints = Readonly<Record<AwsServiceName, string>>;

interface ChooseEndpointsOptions {
  /** `--aws-endpoint-ok`: another machine may be meant. A real AWS host is refused all the same. */
  readonly allowRemote?: boolean;
}

// Every public name under which AWS serves its APIs, in all partitions.
const AWS_DOMAINS = [
  'amazonaws.com',
  'amazonaws.com.cn',
  'amazonaws.eu',
  'api.aws',
  'on.aws',
  'aws.dev',
  'aws',
];

/**
 * Which services are not to be embedded: those whose endpoint the SDK's own variables name (`AWS_ENDPOINT_URL_SQS`
 * before `AWS_ENDPOINT_URL`; none where `AWS_IGNORE_CONFIGURED_ENDPOINT_URLS` is `true`). Local mode creates resources
 * and sends demo traffic, so an endpoint must be on this machine, and never AWS itself. SQS and SNS are one server, given
 * or embedded: a topic delivers to queues of its own server alone. Throws `ConfigError` with every endpoint that is not
 * allowed.
 */
export function chooseEndpoints(
  env: Readonly<Record<string, string | undefined>>,
  { allowRemote = false }: ChooseEndpointsOptions = {},
): Partial<AwsEndpoints> {
  if (env.AWS_IGNORE_CONFIGURED_ENDPOINT_URLS?.toLowerCase() === 'true') return {};

  const given = AWS_SERVICES.flatMap((service) => findGiven(service, env));
  const problems = new Map(
    given.map((it) => [it.variable, toProblem(it, allowRemote)]).filter((entry) => isProblemEntry(entry)),
  );
  if (problems.size > 0) throw new ConfigError([...problems.values()]);
  const apart = findApart(given);
  if (apart) throw new ConfigError([apart]);
  return Object.fromEntries(given.map(({ service, value }) => [service, value.replace(/\/+$/, '')]));
}

interface GivenEndpoint {
  readonly service: AwsServiceName;
  readonly variable: string;
  readonly value: string;
}

function findGiven(service: AwsServiceName, env: Readonly<Record<string, string | undefined>>) {
  const variables = [`AWS_ENDPOINT_URL_${service.toUpperCase()}`, 'AWS_ENDPOINT_URL'];
  for (const variable of variables) {
    const value = env[variable];
    if (value) return [{ service, variable, value } satisfies GivenEndpoint];
  }
  return [];
}

function toProblem({ variable, value }: GivenEndpoint, allowRemote: boolean): ConfigProblem | undefined {
  const message = explainRefusal(value, allowRemote);
  return message === undefined ? undefined : { code: 'config_invalid', variable, message };
}

function explainRefusal(value: string, allowRemote: boolean): string | undefined {
  const url = URL.parse(value);
  if (!url || !['http:', 'https:'].includes(url.protocol)) return 'must be a URL with http or https';
  if (url.username || url.password) return 'must not hold credentials';
  if (isAwsHost(url.hostname)) return `${url.hostname} is AWS itself; local mode never uses it`;
  if (!allowRemote && !isLoopbackHost(url.host)) {
    return `${url.hostname} is not this machine; --aws-endpoint-ok allows it`;
  }
  return undefined;
}

/** Records that are published on one server never reach a queue on another, and nothing says so. */
function findApart(given: readonly GivenEndpoint[]): ConfigProblem | undefined {
  const [sqs, sns] = (['sqs', 'sns'] as const).map((name) => given.find(({ service }) => service === name));
  const known = sqs ?? sns;
  if (known === undefined || (sqs && sns && toServer(sqs.value) === toServer(sns.value))) return undefined;
  const found =
    sqs && sns ? `${sns.variable} names ${sns.value}` : `${sqs ? 'SNS' : 'SQS'} would be the embedded one`;
  const message =
    `${known.value} is given for ${sqs ? 'SQS' : 'SNS'}, but ${found}: SQS and SNS belong together, because a topic ` +
    'delivers to queues of its own server alone. Set AWS_ENDPOINT_URL_SQS and AWS_ENDPOINT_URL_SNS to one server, ' +
    'or neither; S3 and DynamoDB may be anywhere';
  return { code: 'config_invalid', variable: known.variable, message };
}

/** This machine has several names. */
function toServer(value: string): string {
  const { protocol, host, port } = new URL(value);
  return isLoopbackHost(host) ? `${protocol}//loopback:${port}` : `${protocol}//${host}`;
}

function isAwsHost(hostname: string): boolean {
  const name = hostname.toLowerCase().replace(/\.+$/, '');
  return AWS_DOMAINS.some((domain) => name === domain || name.endsWith(`.${domain}`));
}

function isProblemEntry(
  entry: readonly (string | ConfigProblem | undefined)[],
): entry is [string, ConfigProblem] {
  return entry[1] !== undefined;
}

/** The clients that the functions use, and an end for them. */
export interface LocalAwsClients extends AwsClients {
  /** Closes their sockets. */
  destroy(): void;
}

/** Clients for local endpoints. Their credentials are made up: emulators want a signature and check none. */
export function createLocalAwsClients(endpoints: AwsEndpoints, region = 'us-east-1'): LocalAwsClients {
  const common = { region, credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  const sqs = new SQSClient({ ...common, endpoint: endpoints.sqs });
  const sns = new SNSClient({ ...common, endpoint: endpoints.sns });
  const s3 = new S3Client({ ...common, endpoint: endpoints.s3, forcePathStyle: true });
  const dynamodb = new DynamoDBClient({ ...common, endpoint: endpoints.dynamodb });

  return {
    sqs,
    sns,
    s3,
    dynamodb,
    destroy() {
      for (const client of [sqs, sns, s3, dynamodb]) client.destroy();
    },
  };
}
