import { createHash, createHmac } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { isJsonObject } from '../text.ts';

/**
 * One call of AWS with the credentials and the region that Lambda puts into the environment, for functions whose start
 * a client of the SDK would delay. Rejects with `AwsCallError` alone.
 */
export async function callAws(
  operation: AwsOperation,
  input: object,
  environment: AwsEnvironment,
): Promise<Readonly<Record<string, unknown>>> {
  const { status, body } = await post(operation, JSON.stringify(input), environment);
  const answer = parse(body);
  if (status === 200 && isJsonObject(answer)) return answer;
  const type = isJsonObject(answer) ? String(answer.__type ?? answer.code ?? '') : '';
  // With a namespace before it, or without.
  throw new AwsCallError(type.split('#').at(-1) || `http_${status}`, { status });
}

export type AwsEnvironment = Readonly<Record<string, string | undefined>>;

/** An operation of a service that speaks JSON. */
export interface AwsOperation {
  readonly service: 'dynamodb' | 'ssm';
  /** As in the header `X-Amz-Target`. */
  readonly target: string;
  readonly contentType: string;
  readonly timeoutMs: number;
}

/** What AWS refused a call with, or what the connection broke with, in the SDK's form; the name alone may be shown. */
export class AwsCallError extends Error {
  override readonly name: string;
  readonly mayRetry: boolean;
  readonly $metadata: { readonly httpStatusCode: number | undefined };

  /** Without a status there was no answer. */
  constructor(name: string, { status }: { status: number | undefined }) {
    super(name);
    this.name = name;
    this.mayRetry = status === undefined || status >= 500 || status === 429 || name.includes('Throttl');
    this.$metadata = { httpStatusCode: status };
  }
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

async function post(
  operation: AwsOperation,
  body: string,
  environment: AwsEnvironment,
): Promise<{ status: number; body: string }> {
  const url = toEndpoint(operation, environment);
  const headers = signRequest(operation, { url, body, environment, now: new Date() });
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const signal = AbortSignal.timeout(operation.timeoutMs);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) =>
      reject(
        new AwsCallError(signal.aborted ? 'TimeoutError' : (error.code ?? 'connection'), {
          status: undefined,
        }),
      );
    request(url, { method: 'POST', headers, signal }, (response) => {
      const status = response.statusCode ?? 0;
      text(response).then((answer) => resolve({ status, body: answer }), fail);
    })
      .on('error', fail)
      .end(body);
  });
}

/** The service’s own, or what the variables of the SDK put in its place. */
export function toEndpoint({ service }: AwsOperation, environment: AwsEnvironment): URL {
  const { AWS_ENDPOINT_URL, AWS_REGION = '' } = environment;
  const own = environment[`AWS_ENDPOINT_URL_${service.toUpperCase()}`];
  const suffix = AWS_REGION.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(own ?? AWS_ENDPOINT_URL ?? `https://${service}.${AWS_REGION}.${suffix}/`);
}

interface RequestParts {
  readonly url: URL;
  readonly body: string;
  readonly environment: AwsEnvironment;
  readonly now: Date;
}

/** The headers of a call, with the signature that AWS calls version 4. */
export function signRequest(
  { service, target, contentType }: AwsOperation,
  { url, body, environment, now }: RequestParts,
) {
  const { AWS_REGION: region = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = environment;
  const { AWS_SESSION_TOKEN } = environment;
  const moment = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const day = moment.slice(0, 8);
  const headers: Record<string, string> = {
    'content-type': contentType,
    host: url.host,
    'x-amz-date': moment,
    ...(AWS_SESSION_TOKEN && { 'x-amz-security-token': AWS_SESSION_TOKEN }),
    'x-amz-target': target,
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ['POST', url.pathname, '', lines.join(''), names, sha256(body)].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const key = [day, region, service, 'aws4_request'].reduce<string | Buffer>(
    (secret, part) => createHmac('sha256', secret).update(part).digest(),
    `AWS4${AWS_SECRET_ACCESS_KEY}`,
  );
  const toSign = `AWS4-HMAC-SHA256\n${moment}\n${scope}\n${sha256(canonical)}`;
  const signature = createHmac('sha256', key).update(toSign).digest('hex');
  const credential = `Credential=${AWS_ACCESS_KEY_ID}/${scope}`;
  return {
    ...headers,
    authorization: `AWS4-HMAC-SHA256 ${credential}, SignedHeaders=${names}, Signature=${signature}`,
  };
}

function sha256(content: string): string {
  return createHash('sha256').update(content).digest('hex');
}
