import { CloudFormationClient } from '@aws-sdk/client-cloudformation';
import { LambdaClient } from '@aws-sdk/client-lambda';
import { SSMClient } from '@aws-sdk/client-ssm';
import type { ConnectOptions } from '../connect-stage.ts';
import { loadLocalEnvironment } from '../load-config.ts';
import { findAwsSetup } from './find-aws-setup.ts';
import { findLocalSetup } from './find-local-setup.ts';
import type { Setup } from './setup.ts';

const TIMES = {
  maxAttempts: 3,
  requestHandler: { connectionTimeout: 3000, requestTimeout: 15_000, throwOnRequestTimeout: true },
};

/** Finds the set-up of local mode, or of a stage on AWS. What is wrong with it is among its findings. */
export async function findSetup({ stage, region, config, clock }: ConnectOptions): Promise<Setup> {
  if (stage === undefined) return findLocalSetup(loadLocalEnvironment(), config.localUrl);
  const place = region ?? config.region;
  const options = { ...TIMES, region: place };
  const clients = {
    cloudFormation: new CloudFormationClient(options),
    lambda: new LambdaClient(options),
    ssm: new SSMClient(options),
  };
  try {
    return await findAwsSetup(clients, { stage, region: place, profile: config.profile }, clock);
  } finally {
    for (const client of Object.values(clients)) client.destroy();
  }
}
