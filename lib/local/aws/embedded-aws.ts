import { accessSync, constants, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../adapters/system-clock.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AwsEndpoints } from './aws-endpoints.ts';
import { toDataFolderError } from './data-folder-error.ts';
import { type LocalServer, startDynalite } from './start-dynalite.ts';
import { startFauxqs } from './start-fauxqs.ts';

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
