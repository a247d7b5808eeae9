import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { isJsonObject } from '../../lib/text.ts';

interface StubResource {
  readonly type: string;
  /** Of a bucket or a table; the logical id of anything else. */
  readonly name: string;
  readonly deletionPolicy: string;
  readonly isProtected: boolean;
}

interface StubStack {
  status: string;
  template: Readonly<Record<string, unknown>>;
  readonly resources: Map<string, StubResource>;
  events: string[];
}

interface ChangeSet {
  readonly type: string;
  readonly template: Readonly<Record<string, unknown>>;
}

type StubAnswer = { readonly xml: string } | { readonly error: string; readonly message: string };

const ACCOUNT = '123456789012';

/** CloudFormation, as far as buckets and tables are concerned: the rest of a template's resources are only counted. */
function createStubStacks({ buckets, tables }: StubAccount) {
  /** By `region/name`. */
  const stacks = new Map<string, StubStack>();
  const changeSets = new Map<string, ChangeSet>();
  let failing: string | undefined;
  let eventCount = 0;

  function answer(operation: string, form: URLSearchParams, region: string): StubAnswer {
    const name = toName(form.get('StackName') ?? '');
    const key = `${region}/${name}`;
    const stack = stacks.get(key);
    switch (operation) {
      case 'ValidateTemplate':
        readTemplate(form);
        return { xml: '' };
      case 'CreateChangeSet':
        return createChangeSet(form, key, stack);
      case 'DescribeChangeSet':
        return { xml: `<Status>CREATE_COMPLETE</Status><StackId>${toId(key)}</StackId>` };
      case 'DeleteChangeSet':
        return { xml: '' };
      case 'ExecuteChangeSet':
        return execute(key, region);
      case 'DeleteStack':
        if (stack) remove(key, stack, region);
        return { xml: '' };
      default:
        break;
    }
    if (!stack) return { error: 'ValidationError', message: `Stack with id ${name} does not exist` };
    switch (operation) {
      case 'DescribeStacks':
        return { xml: `<Stacks><member>${describe(key, stack, region)}</member></Stacks>` };
      case 'GetTemplate':
        return { xml: `<TemplateBody>${toXmlText(JSON.stringify(stack.template))}</TemplateBody>` };
      case 'ListStackResources':
        return { xml: '<StackResourceSummaries/>' };
      case 'DescribeStackEvents':
        return { xml: `<StackEvents>${[...stack.events].reverse().join('')}</StackEvents>` };
      case 'DescribeStackResource': {
        const id = form.get('LogicalResourceId') ?? '';
        const resource = stack.resources.get(id);
        if (!resource)
          return { error: 'ValidationError', message: `Resource ${id} does not exist for stack ${name}` };
        const detail = `<PhysicalResourceId>${resource.name}</PhysicalResourceId>`;
        return { xml: `<StackResourceDetail>${detail}</StackResourceDetail>` };
      }
      default:
        return { error: 'InvalidAction', message: operation };
    }
  }

  function createChangeSet(form: URLSearchParams, key: string, stack: StubStack | undefined): StubAnswer {
    const type = form.get('ChangeSetType') ?? '';
    if (stack?.status === 'ROLLBACK_COMPLETE') {
      return {
        error: 'ValidationError',
        message: 'Stack is in ROLLBACK_COMPLETE state and can not be updated.',
      };
    }
    changeSets.set(key, { type, template: readTemplate(form) });
    if (!stack) {
      stacks.set(key, { status: 'REVIEW_IN_PROGRESS', template: {}, resources: new Map(), events: [] });
    }
    return { xml: `<StackId>${toId(key)}</StackId><Id>arn:aws:cloudformation:changeSet</Id>` };
  }

  function execute(key: string, region: string): StubAnswer {
    const stack = stacks.get(key);
    const changeSet = changeSets.get(key);
    if (!stack || !changeSet) return { error: 'ChangeSetNotFound', message: 'no such change set' };
    const isNew = stack.resources.size === 0;
    const verb = changeSet.type === 'IMPORT' ? 'IMPORT' : isNew ? 'CREATE' : 'UPDATE';
    stack.events = [toEvent(key, `${verb}_IN_PROGRESS`)];
    const created: [string, StubResource][] = [];
    for (const [id, definition] of Object.entries(resourcesOf(changeSet.template))) {
      const resource = toResource(id, definition, key, region);
      const known = stack.resources.get(id);
      if (known) {
        stack.resources.set(id, resource);
        continue;
      }
      const problem = verb === 'IMPORT' ? undefined : create(id, resource, region);
      if (problem !== undefined) {
        stack.events.push(toEvent(key, 'CREATE_FAILED', problem, id));
        for (const [, one] of created) if (one.deletionPolicy !== 'Retain') destroy(one, region);
        stack.status = isNew ? 'ROLLBACK_COMPLETE' : 'UPDATE_ROLLBACK_COMPLETE';
        stack.events.push(toEvent(key, stack.status));
        for (const [createdId] of created) stack.resources.delete(createdId);
        return { xml: '' };
      }
      created.push([id, resource]);
      stack.resources.set(id, resource);
    }
    stack.template = changeSet.template;
    stack.status = `${verb}_COMPLETE`;
    stack.events.push(toEvent(key, stack.status));
    return { xml: '' };
  }

  function create(id: string, { type, name, isProtected }: StubResource, region: string): string | undefined {
    if (id === failing) return 'made to fail';
    if (type === 'AWS::S3::Bucket') {
      if (buckets.has(name)) return `${name} already exists`;
      buckets.set(name, { region, objects: [] });
    }
    if (type === 'AWS::DynamoDB::Table') {
      if (tables.has(`${region}/${name}`)) return `${name} already exists`;
      tables.set(`${region}/${name}`, { isProtected });
    }
    return undefined;
  }

  function destroy({ type, name }: StubResource, region: string): void {
    if (type === 'AWS::S3::Bucket') buckets.delete(name);
    // AWS deletes no protected table, not even in a rollback.
    const key = `${region}/${name}`;
    if (type === 'AWS::DynamoDB::Table' && tables.get(key)?.isProtected === false) tables.delete(key);
  }

  function remove(key: string, stack: StubStack, region: string): void {
    for (const resource of stack.resources.values()) {
      if (!resource.deletionPolicy.startsWith('Retain')) destroy(resource, region);
    }
    stacks.delete(key);
  }

  function readTemplate(form: URLSearchParams): Readonly<Record<string, unknown>> {
    const url = form.get('TemplateURL');
    const [, bucket = '', ...rest] = url === null ? [] : new URL(url).pathname.split('/');
    const text =
      form.get('TemplateBody') ??
      buckets.get(bucket)?.objects.findLast((it) => it.key === rest.join('/'))?.body;
    const template: unknown = JSON.parse(text ?? 'null');
    if (!isJsonObject(template)) throw new Error(`there is no template at ${url}`);
    return template;
  }

  function toEvent(key: string, status: string, reason = '', id = key.split('/')[1] ?? ''): string {
    eventCount += 1;
    const isStack = id === key.split('/')[1];
    return (
      `<member><EventId>${eventCount}</EventId><StackName>${key.split('/')[1]}</StackName>` +
      `<LogicalResourceId>${id}</LogicalResourceId><ResourceStatus>${status}</ResourceStatus>` +
      `<ResourceType>${isStack ? 'AWS::CloudFormation::Stack' : 'AWS::Some::Resource'}</ResourceType>` +
      `<ResourceStatusReason>${reason}</ResourceStatusReason></member>`
    );
  }

  function describe(key: string, { status, template, resources }: StubStack, region: string): string {
    const outputs = isJsonObject(template.Outputs) ? template.Outputs : {};
    const members = Object.entries(outputs).map(([name, output]) => {
      const value = toText(isJsonObject(output) ? output.Value : undefined, resources, region);
      return `<member><OutputKey>${name}</OutputKey><OutputValue>${toXmlText(value)}</OutputValue></member>`;
    });
    return (
      `<StackName>${key.split('/')[1]}</StackName><StackId>${toId(key)}</StackId><StackStatus>${status}</StackStatus>` +
      `<CreationTime>2026-10-01T00:00:00Z</CreationTime><Outputs>${members.join('')}</Outputs>`
    );
  }

  return {
    answer,
    stacks,
    /** The next stack operations fail at the creation of that resource; undefined: none does. */
    failAt(id: string | undefined) {
      failing = id;
    },
  };
}

function toResource(id: string, definition: unknown, key: string, region: string): StubResource {
  const { Type, DeletionPolicy = 'Delete', Properties } = isJsonObject(definition) ? definition : {};
  const { BucketName, TableName, DeletionProtectionEnabled } = isJsonObject(Properties) ? Properties : {};
  const made = `${key.split('/')[1]}-${id.toLowerCase()}-${region}`;
  const name = BucketName ?? TableName ?? made;
  return {
    type: String(Type),
    name: toText(name, new Map(), region),
    deletionPolicy: String(DeletionPolicy),
    isProtected: DeletionProtectionEnabled === true,
  };
}

function resourcesOf({ Resources }: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return isJsonObject(Resources) ? Resources : {};
}

function toText(value: unknown, resources: ReadonlyMap<string, StubResource>, region: string): string {
  if (!isJsonObject(value)) return String(value);
  const { Ref, 'Fn::Sub': text, 'Fn::GetAtt': attribute } = value;
  if (typeof Ref === 'string') return resources.get(Ref)?.name ?? Ref;
  if (typeof text === 'string') {
    return text
      .replaceAll(['$', '{AWS::AccountId}'].join(''), ACCOUNT)
      .replaceAll(['$', '{AWS::Region}'].join(''), region);
  }
  return Array.isArray(attribute) ? `https://${attribute.join('.').toLowerCase()}.example/` : '';
}

function toName(nameOrId: string): string {
  return nameOrId.startsWith('arn:') ? (nameOrId.split('/')[1] ?? '') : nameOrId;
}

function toId(key: string): string {
  const [region, name] = key.split('/');
  return `arn:aws:cloudformation:${region}:${ACCOUNT}:stack/${name}/00000000-0000-4000-8000-000000000000`;
}

function toXmlText(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('"', '&quot;');
}

const STUB_ACCOUNT = '123456789012';

interface StubObject {
  readonly key: string;
  readonly body: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface StubBucket {
  readonly region: string;
  /** Every version of every object, oldest first. */
  objects: StubObject[];
}

interface StubTable {
  isProtected: boolean;
}

/** What the account holds, apart from its stacks. Bucket names are one namespace for all regions, as on AWS. */
interface StubAccount {
  readonly buckets: Map<string, StubBucket>;
  /** By `region/name`. */
  readonly tables: Map<string, StubTable>;
  /** Names of parameters. */
  readonly parameters: Set<string>;
}

export type StubAws = Awaited<ReturnType<typeof startStubAws>>;

const CREDENTIAL = /Credential=[^/]+\/\d+\/([\w-]+)\/([\w-]+)\/aws4_request/;

/**
 * The part of AWS that a deployment asks for, over HTTP on this machine: STS, SSM, S3, DynamoDB, Lambda, ECR, SNS and a
 * CloudFormation that creates, rolls back, imports and deletes by a template's own policies. Every request is noted as
 * `region service Operation`.
 */
export async function startStubAws() {
  const account: StubAccount = { buckets: new Map(), tables: new Map(), parameters: new Set() };
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
    } = answer(request, body, {
      region,
      service,
    });
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
        return { operation: 'GetFunction', ...failure('json', 404, 'ResourceNotFoundException') };
      case 'ssm':
      case 'dynamodb':
      case 'ecr':
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
  xml: `<Account>${STUB_ACCOUNT}</Account><Arn>arn:aws:iam::${STUB_ACCOUNT}:user/deployer</Arn><UserId>U</UserId>`,
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
