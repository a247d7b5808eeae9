import {
  DescribeParametersCommand,
  type ParameterMetadata,
  PutParameterCommand,
  type SSMClient,
} from '@aws-sdk/client-ssm';
import { STORED_SECRETS } from '../../core/config/stored-secrets.ts';
import { OperationError } from '../../core/errors/operation-error.ts';
import type { SecretStore, StoredSecret } from '../../ports/secret-store.ts';
import { toAwsOperationError } from '../aws-operation-error.ts';

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
