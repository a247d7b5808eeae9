import { createHash, createHmac } from 'node:crypto';
import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';
import { isJsonObject } from '../text.ts';

/** Reads one parameter, decrypted; undefined where there is none of that name. Rejects with SSM's error, by its name. */
export type ReadSsmParameter = (name: string) => Promise<string | undefined>;

const TRIES = 2;
// Far above what SSM takes, and so that two tries fit into the time that Crisp waits for an answer.
const TIMEOUT_MS = 1300;

/**
 * SSM's GetParameter with the credentials and the region that Lambda puts into the environment. The official client would
 * be a fifth of the webhook's bundle, and of its cold start, for this one request.
 */
export function createSsmParameterReader(
  environment: Readonly<Record<string, string | undefined>> = process.env,
): ReadSsmParameter {
  return async (name) => {
    for (let left = TRIES; ; left -= 1) {
      try {
        return await getParameter(name, environment);
      } catch (error) {
        if (left === 1 || !(error instanceof SsmError) || !error.mayRetry) throw error;
      }
    }
  };
}

/** What SSM refused a request with, or what the connection broke with; the name alone may be shown. */
class SsmError extends Error {
  override readonly name: string;
  readonly mayRetry: boolean;

  constructor(name: string, { mayRetry }: { mayRetry: boolean }) {
    super(name);
    this.name = name;
    this.mayRetry = mayRetry;
  }
}

async function getParameter(
  name: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  const { status, body } = await post(JSON.stringify({ Name: name, WithDecryption: true }), environment);
  const answer: unknown = parse(body);
  if (status === 200 && isJsonObject(answer) && isJsonObject(answer.Parameter)) {
    const { Value } = answer.Parameter;
    if (typeof Value === 'string') return Value;
  }
  const type = isJsonObject(answer) ? String(answer.__type ?? answer.code ?? '') : '';
  // With a namespace before it, or without.
  const code = type.split('#').at(-1) || `http_${status}`;
  if (code === 'ParameterNotFound') return undefined;
  throw new SsmError(code, { mayRetry: status >= 500 || status === 429 || code.includes('Throttl') });
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

async function post(body: string, environment: Environment): Promise<{ status: number; body: string }> {
  const url = toEndpoint(environment);
  const headers = signRequest(url, body, environment, new Date());
  const request = url.protocol === 'https:' ? requestHttps : requestHttp;
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) =>
      reject(
        new SsmError(signal.aborted ? 'TimeoutError' : (error.code ?? 'connection'), { mayRetry: true }),
      );
    request(url, { method: 'POST', headers, signal }, (response) => {
      const status = response.statusCode ?? 0;
      text(response).then((answer) => resolve({ status, body: answer }), fail);
    })
      .on('error', fail)
      .end(body);
  });
}

function toEndpoint({ AWS_ENDPOINT_URL_SSM, AWS_ENDPOINT_URL, AWS_REGION = '' }: Environment): URL {
  const suffix = AWS_REGION.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return new URL(AWS_ENDPOINT_URL_SSM ?? AWS_ENDPOINT_URL ?? `https://ssm.${AWS_REGION}.${suffix}/`);
}

/** The headers of a request for GetParameter, with the signature that AWS calls version 4. */
export function signRequest(url: URL, body: string, environment: Environment, now: Date) {
  const { AWS_REGION: region = '', AWS_ACCESS_KEY_ID = '', AWS_SECRET_ACCESS_KEY = '' } = environment;
  const { AWS_SESSION_TOKEN } = environment;
  const moment = now.toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const day = moment.slice(0, 8);
  const headers: Record<string, string> = {
    'content-type': 'application/x-amz-json-1.1',
    host: url.host,
    'x-amz-date': moment,
    ...(AWS_SESSION_TOKEN && { 'x-amz-security-token': AWS_SESSION_TOKEN }),
    'x-amz-target': 'AmazonSSM.GetParameter',
  };
  const names = Object.keys(headers).join(';');
  const lines = Object.entries(headers).map(([name, value]) => `${name}:${value}\n`);
  const canonical = ['POST', url.pathname, '', lines.join(''), names, sha256(body)].join('\n');
  const scope = `${day}/${region}/ssm/aws4_request`;
  const key = [day, region, 'ssm', 'aws4_request'].reduce<string | Buffer>(
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
