import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../lib/clock.ts';
import { toInfraSettings } from '../../../lib/config/infra-settings.ts';
import { loadInfraTemplate, readEventSource } from '../../../lib/config/infra-template.ts';
import type { LocalAwsClients } from '../../../lib/local/aws/endpoints.ts';
import { INFRA_DIRECTORY, type ProvisionedResources } from '../../../lib/local/aws/provision.ts';
import { createLocalMapping } from '../../../lib/local/lambda/event-source-mapping.ts';
import type { Simulator } from '../../../lib/local/simulator/simulator.ts';
import type { VirtualClock } from '../../support/virtual-clock.ts';

/** Polls the sessions queue as Lambda does, by the numbers of the infra files; each environment is AWS's own client. */
export async function startPolling(scene: RuntimeScene) {
  const { clock, aws, resources } = scene;
  const settings = toInfraSettings({}, { isLocal: false, archiveBucketSuffix: '' });
  const infra = await loadInfraTemplate(INFRA_DIRECTORY, { stage: 'test', settings });
  const { batchSize, maximumConcurrency = 2, timeoutSeconds } = readEventSource(infra, 'consumer');
  const environments: RunningFunction[] = [];
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  const third = Promise.withResolvers<void>();
  const unfinished = [first, second, third];

  const mapping = createLocalMapping({
    sqs: aws.sqs,
    queueUrl: resources.queues.sessions,
    queueArn: resources.queueArns.sessions,
    batchSize,
    maximumConcurrency,
    timeoutSeconds,
    clock,
    async createInvoker() {
      const environment = await scene.start('consumer');
      environments.push(environment);
      return {
        invoke: (event, context) =>
          environment.invoke(event, { remainingMs: context.getRemainingTimeInMillis() }),
        terminate: environment.terminate,
      };
    },
    onEvent({ name }) {
      if (name === 'batch-finished') unfinished.shift()?.resolve();
    },
  });
  onTestFinished(async () => void (await mapping.stop({ graceMs: 0 })));
  mapping.start();

  return {
    /** In the order in which they were started. */
    environments,
    /** Each resolves when that batch is over, whatever its fate. */
    firstBatch: first.promise,
    secondBatch: second.promise,
    thirdBatch: third.promise,
    timeoutMs: timeoutSeconds * 1000,
  };
}

/** Everything that the deployed functions meet, on this machine; SQS goes by a clock that the test turns. */
export interface RuntimeScene {
  readonly clock: VirtualClock;
  readonly aws: LocalAwsClients;
  readonly resources: ProvisionedResources;
  readonly crisp: Simulator;
  /** Resolves when a function first calls Crisp. */
  readonly crispCalled: Promise<void>;
  /** What no log may contain. */
  readonly secrets: readonly string[];
  /** A fresh execution environment of a function; `change` replaces variables, and undefined takes one away. */
  start(name: FunctionName, change?: Record<string, string | undefined>): Promise<RunningFunction>;
  /** Ends it all, the functions that still run too. */
  stop(): Promise<void>;
}

export type FunctionName = 'webhook' | 'consumer';

interface FunctionOptions {
  /** Folder with the function's unpacked zip. */
  readonly taskRoot: string;
  /** As the template has it, e.g. `functions/webhook.handler`. */
  readonly handler: string;
  /** All of its environment, but for what names the runtime and its API. */
  readonly env: Readonly<Record<string, string>>;
}

/** One execution environment: a process of its own under AWS's runtime client, warm until it is ended. */
export interface RunningFunction {
  /** Resolves when its code is loaded: with the ms since the process was started. Rejects with why it is not. */
  readonly loaded: Promise<number>;
  /** Resolves with the handler's response; rejects with the error that the runtime reports, or if the process ends. */
  invoke(event: unknown, context: { readonly remainingMs: number }): Promise<unknown>;
  /** All that it printed so far. */
  output(): string;
  /** Kills it, as Lambda does at the end of its time; resolves when it is gone. */
  terminate(): Promise<void>;
  /** Resolves with the signal, or the exit code, that it ended with. */
  readonly ended: Promise<string | number>;
}

const FUNCTION_ARN = 'arn:aws:lambda:us-east-1:000000000000:function:';

/** Starts a bundle as Lambda starts it: AWS's runtime client in a fresh process, and a Runtime API for it alone. */
export async function startFunction({ taskRoot, handler, env }: FunctionOptions): Promise<RunningFunction> {
  const api = await startRuntimeApi();
  const startedMs = performance.now();
  const child = spawn(process.execPath, [RUNTIME_CLIENT], {
    cwd: taskRoot,
    env: { ...env, AWS_LAMBDA_RUNTIME_API: api.address, LAMBDA_TASK_ROOT: taskRoot, _HANDLER: handler },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = once(child, 'exit').then(async ([code, signal]) => {
    await api.close();
    return signal ?? code;
  });
  const died = ended.then((how) => Promise.reject(new Error(`the process ended (${how}): ${output}`)));
  died.catch(() => {}); // Only who waits for the process cares.
  const loaded = Promise.race([api.ready, died]).then(() => performance.now() - startedMs);
  loaded.catch(() => {});

  return {
    loaded,
    ended,
    output: () => output,
    invoke: (event, { remainingMs }) => {
      const functionArn = `${FUNCTION_ARN}${env.AWS_LAMBDA_FUNCTION_NAME}`;
      const invocation = { event, remainingMs, functionArn, requestId: randomUUID() };
      return Promise.race([api.invoke(invocation), died]);
    },
    async terminate() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** What a function is given for one invocation. */
interface Invocation {
  readonly event: unknown;
  readonly requestId: string;
  /** Until Lambda would end it. */
  readonly remainingMs: number;
  readonly functionArn: string;
}

interface RuntimeApi {
  /** What `AWS_LAMBDA_RUNTIME_API` is set to. */
  readonly address: string;
  /** Resolves when the runtime first asks for an event; rejects with what it says it could not start for. */
  readonly ready: Promise<void>;
  /** Hands one event over; resolves with the handler's response, rejects with the error that the runtime reports. */
  invoke(invocation: Invocation): Promise<unknown>;
  close(): Promise<void>;
}

/** An error as the runtime reports it: `name` is the error's type in the function. */
class FunctionError extends Error {
  constructor({ errorType, errorMessage }: { errorType?: string; errorMessage?: string }) {
    super(errorMessage);
    this.name = errorType ?? 'unknown';
  }
}

const VERSION = '/2018-06-01/runtime';
const RESULT = new RegExp(`^${VERSION}/invocation/([^/]+)/(response|error)$`);

/**
 * Lambda's Runtime API for one execution environment, as documented: `next` waits for an event, `response` and `error`
 * end the invocation that they name, `init/error` ends the environment before its first one.
 */
async function startRuntimeApi(): Promise<RuntimeApi> {
  const ready = Promise.withResolvers<void>();
  ready.promise.catch(() => {}); // Who waits for it sees it too.
  let idle = Promise.withResolvers<ServerResponse>();
  const running = new Map<string, PromiseWithResolvers<unknown>>();

  const server = createServer(async (request, response) => {
    const { method, url = '' } = request;
    if (method === 'GET' && url === `${VERSION}/invocation/next`) {
      ready.resolve();
      return idle.resolve(response);
    }
    const body = parse(await text(request));
    response.writeHead(202, { 'content-type': 'application/json' }).end('{"status":"OK"}');
    if (url === `${VERSION}/init/error`) return ready.reject(new FunctionError(body ?? {}));
    settle(request, body);
  });

  function settle({ url = '' }: IncomingMessage, body: unknown): void {
    const [, requestId = '', kind] = RESULT.exec(url) ?? [];
    const invocation = running.get(requestId);
    running.delete(requestId);
    if (kind === 'response') invocation?.resolve(body);
    else invocation?.reject(new FunctionError(body ?? {}));
  }

  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;

  return {
    address: `127.0.0.1:${port}`,
    ready: ready.promise,
    async invoke(invocation) {
      const response = await idle.promise;
      idle = Promise.withResolvers();
      const result = Promise.withResolvers<unknown>();
      running.set(invocation.requestId, result);
      response.writeHead(200, toHeaders(invocation)).end(JSON.stringify(invocation.event));
      return result.promise;
    },
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function toHeaders({ requestId, remainingMs, functionArn }: Invocation) {
  return {
    'content-type': 'application/json',
    'lambda-runtime-aws-request-id': requestId,
    'lambda-runtime-deadline-ms': String(systemClock.nowMs() + remainingMs),
    'lambda-runtime-invoked-function-arn': functionArn,
    'lambda-runtime-trace-id': 'Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0',
  };
}

function parse(body: string) {
  return body === '' ? undefined : JSON.parse(body);
}

const FOLDER = join(import.meta.dirname, '../client/node_modules/aws-lambda-ric');

/** AWS's own runtime client for Node: what runs a function's handler on Lambda. */
const RUNTIME_CLIENT = join(FOLDER, 'index.mjs');

/** Why the tests cannot run here; undefined where they can. */
export const RUNTIME_CLIENT_MISSING = existsSync(join(FOLDER, 'rapid-client.node'))
  ? undefined
  : "AWS's runtime client is not built here: npm run test:runtime builds it and runs these tests";
