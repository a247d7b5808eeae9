import {
  DescribeParametersCommand,
  type ParameterMetadata,
  PutParameterCommand,
  SSMClient,
} from '@aws-sdk/client-ssm';
import { toAwsOperationError } from '../aws/failures.ts';
import { type ConfigProblem, OperationError } from '../errors.ts';
import {
  findSecretProblems,
  OPTIONAL_SECRETS,
  STORED_SECRETS,
  type StoredSecretName,
  toSecretsPath,
} from './secrets.ts';

/** What is known of a stored secret without reading it. */
export interface StoredSecret {
  readonly name: StoredSecretName;
  readonly version: number;
  readonly changedMs: number | undefined;
  /** False where somebody stored it as plain text. */
  readonly isEncrypted: boolean;
  /** The KMS key that it is encrypted with, where it is not the store's own. */
  readonly kmsKey: string | undefined;
}

/** The secrets of one stage, as somebody who may write them sees them. Rejects with `OperationError`. */
interface SecretStore {
  /** Where they are, e.g. `/crisp-enrich/prod/`. */
  readonly path: string;
  /** Those that exist, in no order. */
  list(): Promise<readonly StoredSecret[]>;
  /** Stores it encrypted in place of the one there was; resolves with its version. */
  put(
    name: StoredSecretName,
    text: string,
    options: { readonly kmsKey: string | undefined },
  ): Promise<number>;
}

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

// SSM's own key: whoever names none gets it, so it is not worth a word.
const DEFAULT_KEY = 'alias/aws/ssm';

/** Secrets as SSM SecureString parameters under `path`, which ends with a slash. Reads no value. */
export function createSsmSecretStore(client: SSMClient, path: string): SecretStore {
  return {
    path,

    async list() {
      const command = new DescribeParametersCommand({
        ParameterFilters: [
          { Key: 'Name', Option: 'Equals', Values: STORED_SECRETS.map((name) => `${path}${name}`) },
        ],
      });
      const { Parameters = [] } = await client
        .send(command)
        .catch(toFailure('ssm:DescribeParameters', `${path}*`));
      return Parameters.flatMap((parameter) => toStoredSecret(parameter, path));
    },

    async put(name, text, { kmsKey }) {
      const command = new PutParameterCommand({
        Name: `${path}${name}`,
        Value: text,
        Type: 'SecureString',
        Overwrite: true,
        ...(kmsKey !== undefined && { KeyId: kmsKey }),
      });
      const { Version = 1 } = await client.send(command).catch(toPutFailure(`${path}${name}`));
      return Version;
    },
  };
}

function toStoredSecret(parameter: ParameterMetadata, path: string): StoredSecret[] {
  const { Version = 1, LastModifiedDate, Type, KeyId } = parameter;
  const name = STORED_SECRETS.find((known) => `${path}${known}` === parameter.Name);
  if (name === undefined) return [];
  return [
    {
      name,
      version: Version,
      changedMs: LastModifiedDate?.getTime(),
      isEncrypted: Type === 'SecureString',
      kmsKey: KeyId === DEFAULT_KEY ? undefined : KeyId,
    },
  ];
}

function toFailure(action: string, resource: string): (thrown: unknown) => never {
  return (thrown) => {
    throw toAwsOperationError(thrown, { action, resource });
  };
}

function toPutFailure(parameter: string): (thrown: unknown) => never {
  return (thrown) => {
    if (thrown instanceof Error && UNUSABLE_KEY.has(thrown.name)) {
      const message = `the KMS key of --kms-key cannot be used (${thrown.name}): check that it exists in this region and is enabled`;
      throw new OperationError('aws_failed', message, { cause: thrown });
    }
    throw toAwsOperationError(thrown, { action: 'ssm:PutParameter', resource: parameter });
  };
}

const UNUSABLE_KEY = new Set(['InvalidKeyId', 'KMSInvalidStateException', 'NotFoundException']);

type SetSecretResult =
  | { readonly outcome: 'refused'; readonly problems: readonly ConfigProblem[] }
  | {
      readonly outcome: 'stored';
      readonly version: number;
      /** Those of the stage that do not exist yet. */
      readonly missing: readonly StoredSecretName[];
    };

type SetSecret = (
  name: StoredSecretName,
  text: string,
  options?: { readonly kmsKey?: string | undefined },
) => Promise<SetSecretResult>;

/**
 * Stores a secret that its reader would accept, and no other. A key of one's own stays in use until another is named:
 * SSM would silently return to its default.
 */
export function createSetSecret({ store }: { readonly store: SecretStore }): SetSecret {
  return async (name, text, { kmsKey } = {}) => {
    const problems = findSecretProblems(name, text);
    if (problems.length > 0) return { outcome: 'refused', problems };
    const present = await store.list();
    const usual = present.find((secret) => secret.name === name)?.kmsKey;
    const version = await store.put(name, text, { kmsKey: kmsKey ?? usual });
    const known = new Set<string>([name, ...present.map((secret) => secret.name)]);
    return {
      outcome: 'stored',
      version,
      missing: STORED_SECRETS.filter((other) => !known.has(other) && !OPTIONAL_SECRETS.includes(other)),
    };
  };
}
