import { randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../../../lib/clock.ts';
import { toInfraSettings } from '../../../lib/config/infra-settings.ts';
import { type EmbeddedAws, startEmbeddedAws } from '../../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients } from '../../../lib/local/aws/endpoints.ts';
import { type ProvisionedResources, provisionResources } from '../../../lib/local/aws/provision.ts';
import type { Simulator } from '../../../lib/local/simulator/simulator.ts';
import { createSimulator } from '../../../lib/local/simulator/simulator.ts';
import {
  at,
  parseTemplate,
  type RepositoryPackage,
  runtimeEnvironment,
  STAGE,
} from '../../package/template.ts';
import { createVirtualClock } from '../../support/virtual-clock.ts';
import { createLoopbackCertificate, startHttpsFront, startParameterStore } from './fronts.ts';
import { type FunctionName, type RunningFunction, type RuntimeScene, startFunction } from './runtime-api.ts';

/** Sets the scene for the functions of a package, with the environment, handler and memory that its template says. */
export async function startRuntimeScene(packaged: RepositoryPackage): Promise<RuntimeScene> {
  const folder = await mkdtemp(join(tmpdir(), 'crisp-enrich-runtime-'));
  const clock = createVirtualClock();
  const server = await startEmbeddedAws({ clock });
  const settings = toInfraSettings({}, { isLocal: false, archiveBucketSuffix: '' });
  const resources = await provisionResources({ endpoints: server.endpoints, settings, stage: STAGE });
  const aws = createLocalAwsClients(server.endpoints);

  const crisp = createSimulator({ clock: systemClock });
  const plain = await crisp.listen();
  const certificate = createLoopbackCertificate();
  const front = await startHttpsFront(plain.port, certificate);
  const parameters = await startParameterStore(toParameters(crisp));
  const authority = join(folder, 'authority.pem');
  await writeFile(authority, certificate.certificate);
  await unpack(packaged, folder);

  const env = {
    ...toServices(server, parameters.url),
    CRISP_API_URL: `${front.url}/v1`,
    NODE_EXTRA_CA_CERTS: authority,
    // The pace is not the subject.
    CRISP_REQUESTS_PER_SECOND: '1000',
  };
  const functions: RunningFunction[] = [];

  return {
    clock,
    aws,
    resources,
    crisp,
    crispCalled: front.called,
    secrets: [...Object.values(toParameters(crisp)), toBasicCredentials(crisp)],
    async start(name, change = {}) {
      const template = toFunctionTemplate(packaged, name, resources);
      const all = Object.entries({ ...template.env, ...env, ...change });
      const running = await startFunction({
        taskRoot: folder,
        handler: template.handler,
        // Filtered here: nothing without a value is left.
        env: Object.fromEntries(all.filter(([, value]) => value !== undefined)) as Record<string, string>,
      });
      functions.push(running);
      return running;
    },
    async stop() {
      for (const running of functions) await running.terminate();
      aws.destroy();
      await crisp.stop();
      await plain.stop();
      for (const { stop } of [front, parameters, server]) await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** What whoever runs the stack enters into the parameter store. */
function toParameters({ account, hookSecret }: Simulator) {
  const { identifier, key } = account.token;
  return {
    [`/crisp-enrich/${STAGE}/CRISP_HOOK_SECRETS`]: hookSecret,
    [`/crisp-enrich/${STAGE}/CRISP_TOKEN_IDENTIFIER`]: identifier,
    [`/crisp-enrich/${STAGE}/CRISP_TOKEN_KEY`]: key,
  };
}

/** The token as it stands in a request's header. */
function toBasicCredentials({ account: { token } }: Simulator): string {
  return Buffer.from(`${token.identifier}:${token.key}`).toString('base64');
}

async function unpack({ bundles }: RepositoryPackage, folder: string): Promise<void> {
  await mkdir(join(folder, 'functions'));
  for (const [name, code] of bundles) await writeFile(join(folder, `functions/${name}.mjs`), code);
}

/** Where the SDK finds its services, and the credentials that Lambda gives a function. */
function toServices({ endpoints, region }: EmbeddedAws, parameterStoreUrl: string) {
  return {
    // Every other service leads to the same place, and to an error there: nothing may leave this machine.
    AWS_ENDPOINT_URL: endpoints.sqs,
    AWS_ENDPOINT_URL_DYNAMODB: endpoints.dynamodb,
    AWS_ENDPOINT_URL_SSM: parameterStoreUrl,
    AWS_REGION: region,
    AWS_DEFAULT_REGION: region,
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_SESSION_TOKEN: 'local',
  };
}

/** A function as its template describes it, with this scene's resources in place of the stack's. */
function toFunctionTemplate(
  { templateText }: RepositoryPackage,
  name: FunctionName,
  resources: ProvisionedResources,
) {
  const template = parseTemplate(templateText);
  const logicalId = `${name.charAt(0).toUpperCase()}${name.slice(1)}LambdaFunction`;
  const property = (key: string) => String(at(template.Resources, logicalId, 'Properties', key));
  const given = runtimeEnvironment(template, logicalId);
  const ours: Record<string, string> = {
    SESSIONS_QUEUE_URL: resources.queues.sessions,
    RECORDS_TOPIC_ARN: resources.topicArn,
    ARCHIVE_BUCKET: resources.bucket,
    LEDGER_TABLE: resources.table,
  };
  const env = Object.fromEntries(Object.entries(given).map(([key, value]) => [key, ours[key] ?? value]));

  return {
    handler: property('Handler'),
    env: {
      ...env,
      // What Lambda itself sets.
      AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
      AWS_LAMBDA_FUNCTION_NAME: property('FunctionName'),
      AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
      AWS_LAMBDA_FUNCTION_MEMORY_SIZE: property('MemorySize'),
      AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
      AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${property('FunctionName')}`,
      AWS_LAMBDA_LOG_STREAM_NAME: `2026/10/01/[$LATEST]${randomUUID().replaceAll('-', '')}`,
      TZ: ':UTC',
    },
  };
}

/** Invokes a cold environment and then again while it is warm, and prints what each took. */
export async function measure(
  name: string,
  running: RunningFunction,
  invocations: readonly { readonly event: unknown; readonly remainingMs: number }[],
): Promise<unknown[]> {
  const loadedMs = await running.loaded;
  const responses: unknown[] = [];
  const durations: number[] = [];
  for (const { event, remainingMs } of invocations) {
    const startedMs = performance.now();
    responses.push(await running.invoke(event, { remainingMs }));
    durations.push(performance.now() - startedMs);
  }
  const [firstMs = 0, ...warm] = durations;
  const parts = `${toMs(loadedMs)} until it is loaded, ${toMs(firstMs)} for its first invocation`;
  console.log(`${name}: cold ${toMs(loadedMs + firstMs)} (${parts}), warm ${warm.map(toMs).join(', ')}`);
  return responses;
}

function toMs(durationMs: number): string {
  return `${durationMs.toFixed(0)} ms`;
}
