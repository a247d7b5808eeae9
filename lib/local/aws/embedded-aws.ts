import { once } from 'node:events';
import { accessSync, constants, mkdirSync } from 'node:fs';
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import dynalite from 'dynalite';
import { expectBucketOwner } from '../../aws/clients.ts';
import { type Clock, systemClock } from '../../clock.ts';
import type { InfraSettings } from '../../config/infra-settings.ts';
import { type InfraTemplate, loadInfraTemplate } from '../../config/infra-template.ts';
import { explainForeignRequest, limitServer, listenOrGiveWay } from '../http-server.ts';
import type { RequestedPort } from '../options.ts';
import { AWS_SERVICES, type AwsEndpoints, createLocalAwsClients, type LocalAwsClients } from './endpoints.ts';
import { type LocalServer, startFauxqs } from './fauxqs.ts';
import { INFRA_DIRECTORY, type ProvisionedResources, provision } from './provision.ts';

interface LocalAwsOptions {
  /** Services that are not to be embedded. */
  readonly givenEndpoints: Partial<AwsEndpoints>;
  readonly port: RequestedPort;
  readonly dataDir?: string | undefined;
  readonly settings: InfraSettings;
  readonly clock: Clock;
}

/** The AWS of local mode with the pipeline's resources in it. */
export interface LocalAws {
  readonly region: string;
  readonly endpoints: AwsEndpoints;
  /** True where the queues are in this process, and end with it. */
  readonly hasOwnQueues: boolean;
  readonly resources: ProvisionedResources;
  /** The infra files: triggers and timeouts of the functions. */
  readonly template: InfraTemplate;
  readonly clients: LocalAwsClients;
  readonly stop: () => Promise<void>;
}

const REGION = 'us-east-1';

/** Starts what is not given, and creates what is missing in either. */
export async function startAws(options: LocalAwsOptions): Promise<LocalAws> {
  const { settings, givenEndpoints } = options;
  const template = await loadInfraTemplate(INFRA_DIRECTORY, { stage: 'local', settings, region: REGION });
  const embedded = await startEmbedded(options);
  const endpoints = { ...embedded?.endpoints, ...givenEndpoints } as AwsEndpoints; // Each is given or embedded.
  const clients = createLocalAwsClients(endpoints, REGION);
  try {
    const sqsEndpoint = endpoints.sqs;
    const resources = await provision(template, clients, { stage: 'local', sqsEndpoint, givenEndpoints });
    // Two emulators can have two accounts.
    if (endpoints.s3 === endpoints.sqs) expectBucketOwner(clients.s3, resources.queues.sessions);
    return {
      region: REGION,
      endpoints,
      hasOwnQueues: givenEndpoints.sqs === undefined,
      resources,
      template,
      clients,
      async stop() {
        clients.destroy();
        await embedded?.stop();
      },
    };
  } catch (error) {
    clients.destroy();
    await embedded?.stop();
    throw error;
  }
}

async function startEmbedded(options: LocalAwsOptions): Promise<EmbeddedAws | undefined> {
  const { givenEndpoints, port, dataDir, clock } = options;
  if (AWS_SERVICES.every((service) => givenEndpoints[service] !== undefined)) return undefined;
  return listenOrGiveWay(port, (number) =>
    startEmbeddedAws({ port: number, clock, ...(dataDir !== undefined && { dataDir }) }),
  );
}

export interface EmbeddedAwsOptions {
  /** Of SQS, SNS and S3; 0 takes a free one. DynamoDB always takes a free one. */
  readonly port?: number;
  /** A folder in which everything survives a restart, also after a kill; without it all is in memory. */
  readonly dataDir?: string;
  /** What SQS goes by: delays, visibility, deduplication, long polls. */
  readonly clock?: Clock;
}

export interface EmbeddedAws {
  readonly endpoints: AwsEndpoints;
  readonly region: string;
  /** Ends long polls at once and closes both servers. */
  stop(): Promise<void>;
}

/**
 * Starts SQS, SNS and S3 (fauxqs) and DynamoDB (dynalite) in this process, on 127.0.0.1 alone. Rejects with
 * `DataFolderError` where the folder cannot be used, and with the system's error where the port is taken (`EADDRINUSE`).
 */
export async function startEmbeddedAws({
  port = 0,
  dataDir,
  clock = systemClock,
}: EmbeddedAwsOptions = {}): Promise<EmbeddedAws> {
  const [fauxqs, dynalite] = await startServers({ port, clock }, dataDir).catch((error: unknown) => {
    throw dataDir === undefined ? error : toDataFolderError(error, dataDir);
  });

  return {
    endpoints: { sqs: fauxqs.url, sns: fauxqs.url, s3: fauxqs.url, dynamodb: dynalite.url },
    region: 'us-east-1',
    async stop() {
      await Promise.all([fauxqs.stop(), dynalite.stop()]);
    },
  };
}

async function startServers(
  options: { port: number; clock: Clock },
  dataDir: string | undefined,
): Promise<[LocalServer, LocalServer]> {
  // fauxqs first: it locks its files, so a second process on the folder ends here.
  const fauxqs = await startFauxqs({ ...options, ...makeFolder(dataDir, 'messaging') });
  try {
    return [fauxqs, await startDynalite(makeFolder(dataDir, 'dynamodb'))];
  } catch (error) {
    await fauxqs.stop();
    throw error;
  }
}

function makeFolder(dataDir: string | undefined, name: string): { dataDir?: string } {
  if (dataDir === undefined) return {};
  const folder = join(dataDir, name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  accessSync(folder, constants.W_OK);
  return { dataDir: folder };
}

type DataFolderErrorCode = 'data_folder_in_use' | 'data_folder_not_writable';

/** The folder that is to keep the embedded AWS cannot be used. */
export class DataFolderError extends Error {
  override readonly name = 'DataFolderError';
  readonly code: DataFolderErrorCode;

  constructor(code: DataFolderErrorCode, message: string, options?: ErrorOptions) {
    super(`${message} [${code}]`, options);
    this.code = code;
  }
}

const NOT_WRITABLE = new Set(['EACCES', 'EEXIST', 'ENOTDIR', 'EPERM', 'EROFS', 'ENOSPC']);

// SQLite's result codes: busy and locked; read-only, full and cannot open.
const SQLITE_IN_USE = new Set([5, 6]);
const SQLITE_NOT_WRITABLE = new Set([8, 13, 14]);

/** The error for what went wrong in a folder; anything else comes back as it is. */
function toDataFolderError(error: unknown, dataDir: string): unknown {
  // Errors of the file system have a code, those of SQLite an errcode.
  const { code, errcode } = error as { code?: string; errcode?: number };
  if (errcode !== undefined && SQLITE_IN_USE.has(errcode)) {
    const message = `The data folder ${dataDir} is in use by another process: stop it, or choose another folder`;
    return new DataFolderError('data_folder_in_use', message, { cause: error });
  }
  if (NOT_WRITABLE.has(code ?? '') || SQLITE_NOT_WRITABLE.has(errcode ?? -1)) {
    const message = `The data folder ${dataDir} cannot be written: choose one that can`;
    return new DataFolderError('data_folder_not_writable', message, { cause: error });
  }
  return error;
}

/** Starts DynamoDB (dynalite) on a free port of 127.0.0.1, in memory or in the existing folder `dataDir`. */
async function startDynalite({ dataDir }: { dataDir?: string } = {}): Promise<LocalServer> {
  const server = dynalite({ createTableMs: 0, ...(dataDir !== undefined && { path: dataDir }) });
  guardRequests(server);
  limitServer(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  // A listening TCP server has an AddressInfo for its address.
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, stop: () => stop(server) };
}

// Its own handler answers anybody who can reach the port, and ends the process when a request is cut off.
function guardRequests(server: Server): void {
  // These are the listeners of the event 'request', which have this type.
  const handlers = server.listeners('request') as RequestListener[];
  server.removeAllListeners('request');
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const foreign = explainForeignRequest(request.headers);
    if (foreign !== undefined) {
      response.writeHead(403, { 'content-type': 'text/plain' }).end(foreign.reason);
      return;
    }
    for (const handler of handlers) handler(request, response);
    request.removeAllListeners('error').on('error', () => response.destroy());
  });
}

async function stop(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve, reject) => {
    server.close((error) => (error ? reject(error) : resolve()));
  });
  server.closeAllConnections();
  await closed;
}
