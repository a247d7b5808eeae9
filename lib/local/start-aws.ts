import { expectBucketOwner } from '../app/aws-clients.ts';
import type { InfraSettings } from '../core/config/to-infra-settings.ts';
import type { Clock } from '../ports/clock.ts';
import { type EmbeddedAws, startEmbeddedAws } from './aws/embedded-aws.ts';
import {
  AWS_SERVICES,
  type AwsEndpoints,
  createLocalAwsClients,
  type LocalAwsClients,
} from './aws/endpoints.ts';
import { type InfraTemplate, loadInfraTemplate } from './aws/infra.ts';
import { INFRA_DIRECTORY, type ProvisionedResources, provisionResources } from './aws/provision.ts';
import { listenOrGiveWay } from './listen-or-give-way.ts';
import type { RequestedPort } from './local-options.ts';

export interface LocalAwsOptions {
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
  const embedded = await startEmbedded(options);
  const endpoints = { ...embedded?.endpoints, ...options.givenEndpoints } as AwsEndpoints; // Each is given or embedded.
  const { settings } = options;
  try {
    const resources = await provisionResources({
      endpoints,
      givenEndpoints: options.givenEndpoints,
      settings,
      region: REGION,
    });
    const template = await loadInfraTemplate(INFRA_DIRECTORY, { stage: 'local', settings, region: REGION });
    const clients = createLocalAwsClients(endpoints, REGION);
    // Two emulators can have two accounts.
    if (endpoints.s3 === endpoints.sqs) expectBucketOwner(clients.s3, resources.queues.sessions);
    return {
      region: REGION,
      endpoints,
      hasOwnQueues: options.givenEndpoints.sqs === undefined,
      resources,
      template,
      clients,
      async stop() {
        clients.destroy();
        await embedded?.stop();
      },
    };
  } catch (error) {
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
