import { findSecretProblems } from '../core/config/find-secret-problems.ts';
import { STORED_SECRETS, type StoredSecretName } from '../core/config/stored-secrets.ts';
import type { ConfigProblem } from '../core/errors/config-error.ts';
import type { SecretStore } from '../ports/secret-store.ts';

export type SetSecretResult =
  | { readonly outcome: 'refused'; readonly problems: readonly ConfigProblem[] }
  | {
      readonly outcome: 'stored';
      readonly version: number;
      /** Those of the stage that do not exist yet. */
      readonly missing: readonly StoredSecretName[];
    };

export type SetSecret = (
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
    return { outcome: 'stored', version, missing: STORED_SECRETS.filter((other) => !known.has(other)) };
  };
}
