import type { StoredSecretName } from '../core/config/stored-secrets.ts';

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
export interface SecretStore {
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
