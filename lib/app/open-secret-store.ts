import { SSMClient } from '@aws-sdk/client-ssm';
import { createSsmSecretStore } from '../adapters/secrets/ssm-secret-store.ts';
import { toSecretsPath } from '../core/config/stored-secrets.ts';
import type { SecretStore } from '../ports/secret-store.ts';

export interface OpenSecretStore extends SecretStore {
  /** Closes the connections. */
  readonly close: () => void;
}

/** The secrets of a stage on AWS, which need not be deployed yet: its first deployment wants the Crisp token. */
export function openSecretStore({
  stage,
  region,
}: {
  readonly stage: string;
  readonly region: string;
}): OpenSecretStore {
  const client = new SSMClient({
    region,
    maxAttempts: 4,
    requestHandler: { connectionTimeout: 3000, requestTimeout: 30_000, throwOnRequestTimeout: true },
  });
  return { ...createSsmSecretStore(client, toSecretsPath(stage)), close: () => client.destroy() };
}
