import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { isJsonObject } from '../../lib/text.ts';
import { ACCOUNT, createStubStacks, type StubAccount, type StubBucket } from './stub-stacks.ts';

export type StubAws = Awaited<ReturnType<typeof startStubAws>>;

const CREDENTIAL = /Credential=[^/]+\/\d+\/([\w-]+)\/([\w-]+)\/aws4_request/;

/**
 * The part of AWS that a deployment asks for, over HTTP on this machine: STS, SSM, S3, DynamoDB, Lambda, ECR, SNS and a
 * CloudFormation that creates, rolls back, imports and deletes by a template's own policies. Every request is noted as
 * `region service Operation`.
 */
export async function startStubAws() {
  const account: StubAccount = {
    buckets: new Map(),
    tables: new Map(),
    parameters: new Set(),
    waiting: new Map(),
    settings: { AccountLimit: { ConcurrentExecutions: 1000 } },
  };
  const stacks = createStubStacks(account);
  const requests: string[] = [];
  const server = createServer(async (request, response) => {
    const [, region = '', service = ''] = CREDENTIAL.exec(request.headers.authorization ?? '') ?? [];
    const body = (await buffer(request)).toString('utf8');
    const {
      operation,
      status = 200,
      type = 'text/xml',
      text = '',
      headers,
    } = answer(request, body, { region, service });
    requests.push(`${region} ${service} ${operation}`);
    response.writeHead(status, { 'content-type': type, ...headers });
    response.end(request.method === 'HEAD' ? undefined : text);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;

  function answer(request: IncomingMessage, body: string, place: Place): Answer {
    switch (place.service) {
      case 's3':
        return answerS3(account, request, body, place.region);
      case 'lambda':
        return request.url?.endsWith('/account-settings')
          ? {
              operation: 'GetAccountSettings',
              type: 'application/json',
              text: JSON.stringify(account.settings),
            }
          : { operation: 'GetFunction', ...failure('json', 404, 'ResourceNotFoundException') };
      case 'ssm':
      case 'dynamodb':
      case 'ecr':
      case 'sqs':
        return answerJson(account, request, body, place);
      default:
        return answerQuery(stacks, new URLSearchParams(body), place);
    }
  }

  return {
    account,
    stacks,
    requests,
    environment: {
      AWS_ENDPOINT_URL: `http://127.0.0.1:${port}`,
      AWS_ACCESS_KEY_ID: 'local',
      AWS_SECRET_ACCESS_KEY: 'local',
      AWS_EC2_METADATA_DISABLED: 'true',
      // How often osls looks at a stack's events, in ms.
      SLS_AWS_MONITORING_FREQUENCY: '1',
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface Place {
  readonly region: string;
  readonly service: string;
}

interface Answer {
  readonly operation: string;
  readonly status?: number;
  readonly type?: string;
  readonly text?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

function failure(
  form: 'json' | 'xml',
  status: number,
  code: string,
  message = code,
): Omit<Answer, 'operation'> {
  if (form === 'json') {
    return { status, type: 'application/x-amz-json-1.1', text: JSON.stringify({ __type: code, message }) };
  }
  return { status, text: `<Error><Code>${code}</Code><Message>${message}</Message></Error>` };
}

function answerQuery(
  stacks: ReturnType<typeof createStubStacks>,
  form: URLSearchParams,
  place: Place,
): Answer {
  const operation = form.get('Action') ?? '';
  const found = place.service === 'cloudformation' ? stacks.answer(operation, form, place.region) : IDENTITY;
  if ('error' in found) {
    const text = `<ErrorResponse><Error><Type>Sender</Type><Code>${found.error}</Code><Message>${found.message}</Message></Error></ErrorResponse>`;
    return { operation, status: 400, text };
  }
  const text = `<${operation}Response><${operation}Result>${found.xml}</${operation}Result></${operation}Response>`;
  return { operation, text };
}

const IDENTITY = {
  xml: `<Account>${ACCOUNT}</Account><Arn>arn:aws:iam::${ACCOUNT}:user/deployer</Arn><UserId>U</UserId>`,
};

function answerJson(
  account: StubAccount,
  request: IncomingMessage,
  body: string,
  { region, service }: Place,
): Answer {
  const operation = String(request.headers['x-amz-target']).split('.').at(-1) ?? '';
  const given: unknown = JSON.parse(body);
  const type = service === 'dynamodb' ? 'application/x-amz-json-1.0' : 'application/x-amz-json-1.1';
  const ok = (value: object): Answer => ({ operation, type, text: JSON.stringify(value) });
  if (service === 'sqs') return ok(answerQueue(account, request, given));
  if (service === 'ecr') return { operation, ...failure('json', 400, 'RepositoryNotFoundException') };
  if (service === 'ssm') {
    return ok({ Parameters: [...account.parameters].map((Name) => ({ Name, Type: 'SecureString' })) });
  }
  const key = `${region}/${isJsonObject(given) ? String(given.TableName) : ''}`;
  const table = account.tables.get(key);
  if (!table) return { operation, ...failure('json', 400, 'ResourceNotFoundException') };
  if (operation === 'UpdateTable' && isJsonObject(given)) {
    table.isProtected = given.DeletionProtectionEnabled === true;
  }
  if (operation === 'DeleteTable') {
    if (table.isProtected) return { operation, ...failure('json', 400, 'ValidationException', 'protected') };
    account.tables.delete(key);
  }
  return ok({ Table: { TableStatus: 'ACTIVE', DeletionProtectionEnabled: table.isProtected } });
}

/** The URL of the queue that was named, or what waits in the one of that URL. */
function answerQueue({ waiting }: StubAccount, { headers }: IncomingMessage, given: unknown): object {
  const { QueueName, QueueUrl } = isJsonObject(given) ? given : {};
  if (typeof QueueName === 'string') return { QueueUrl: `http://${headers.host}/${ACCOUNT}/${QueueName}` };
  const name = String(QueueUrl).split('/').at(-1) ?? '';
  return { Attributes: { ApproximateNumberOfMessages: String(waiting.get(name) ?? 0) } };
}

function answerS3({ buckets }: StubAccount, request: IncomingMessage, body: string, region: string): Answer {
  const url = new URL(request.url ?? '', 'http://s3');
  const [, name = '', ...rest] = decodeURIComponent(url.pathname).split('/');
  const key = rest.join('/');
  const bucket = buckets.get(name);
  const method = request.method ?? '';
  const operation = toS3Operation(method, key, url);
  if (!bucket) return { operation, ...failure('xml', 404, 'NoSuchBucket') };
  if (bucket.region !== region) {
    return {
      operation,
      ...failure('xml', 301, 'PermanentRedirect'),
      headers: { 'x-amz-bucket-region': bucket.region },
    };
  }
  switch (operation) {
    case 'PutObject': {
      const metadata = Object.entries(request.headers).filter(([header]) => header.startsWith('x-amz-meta-'));
      bucket.objects.push({
        key,
        body,
        metadata: Object.fromEntries(metadata.map(([k, v]) => [k, String(v)])),
      });
      return { operation };
    }
    case 'HeadObject': {
      const object = bucket.objects.findLast((it) => it.key === key);
      return object ? { operation, headers: object.metadata } : { operation, status: 404 };
    }
    case 'ListObjectsV2': {
      const prefix = url.searchParams.get('prefix') ?? '';
      const keys = new Set(bucket.objects.map((it) => it.key).filter((it) => it.startsWith(prefix)));
      const items = [...keys].map((it) => `<Contents><Key>${it}</Key></Contents>`);
      return { operation, text: `<ListBucketResult>${items.join('')}</ListBucketResult>` };
    }
    case 'ListObjectVersions':
      return { operation, text: listVersions(bucket, url.searchParams) };
    case 'DeleteObjects': {
      const gone = [...body.matchAll(/<Key>(.*?)<\/Key>(?:<VersionId>(\d+)<\/VersionId>)?/g)];
      bucket.objects = bucket.objects.filter(
        (it, index) =>
          !gone.some(([, k, version]) => it.key === k && (version ?? String(index)) === String(index)),
      );
      return { operation, text: '<DeleteResult/>' };
    }
    case 'DeleteBucket':
      if (bucket.objects.length > 0) return { operation, ...failure('xml', 409, 'BucketNotEmpty') };
      buckets.delete(name);
      return { operation, status: 204 };
    default:
      return { operation };
  }
}

function toS3Operation(method: string, key: string, { searchParams }: URL): string {
  if (method === 'POST') return 'DeleteObjects';
  if (method === 'GET') return searchParams.has('versions') ? 'ListObjectVersions' : 'ListObjectsV2';
  const verb = { HEAD: 'Head', PUT: 'Put', DELETE: 'Delete' }[method] ?? method;
  return `${verb}${key === '' ? 'Bucket' : 'Object'}`;
}

// S3 gives at most a thousand at once; so few here that a test meets the next page.
const PAGE = 3;

function listVersions(bucket: StubBucket, parameters: URLSearchParams): string {
  const first = Number(parameters.get('version-id-marker') ?? -1) + 1;
  const page = bucket.objects.slice(first, first + PAGE);
  const items = page.map(
    ({ key }, index) => `<Version><Key>${key}</Key><VersionId>${first + index}</VersionId></Version>`,
  );
  const isMore = first + PAGE < bucket.objects.length;
  const next = `<NextKeyMarker>${page.at(-1)?.key}</NextKeyMarker><NextVersionIdMarker>${first + PAGE - 1}</NextVersionIdMarker>`;
  return `<ListVersionsResult><IsTruncated>${isMore}</IsTruncated>${items.join('')}${isMore ? next : ''}</ListVersionsResult>`;
}
