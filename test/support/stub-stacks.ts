import { isJsonObject } from '../../lib/text.ts';

export const ACCOUNT = '123456789012';

/** CloudFormation, as far as buckets and tables are concerned: the rest of a template's resources are only counted. */
export function createStubStacks({ buckets, tables }: StubAccount) {
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

interface StubObject {
  readonly key: string;
  readonly body: string;
  readonly metadata: Readonly<Record<string, string>>;
}

export interface StubBucket {
  readonly region: string;
  /** Every version of every object, oldest first. */
  objects: StubObject[];
}

interface StubTable {
  isProtected: boolean;
}

/** What the account holds, apart from its stacks. Bucket names are one namespace for all regions, as on AWS. */
export interface StubAccount {
  readonly buckets: Map<string, StubBucket>;
  /** By `region/name`. */
  readonly tables: Map<string, StubTable>;
  /** Names of parameters. */
  readonly parameters: Set<string>;
  /** By name; what is not there is empty. */
  readonly waiting: Map<string, number>;
  /** What Lambda says of itself: how many functions may run at once. */
  settings: { readonly AccountLimit: { readonly ConcurrentExecutions: number } };
}
