/** The secrets of a stage. Each is a parameter that bears its variable's name, under the stage's path. */
export const STORED_SECRETS = ['CRISP_HOOK_SECRETS', 'CRISP_TOKEN_IDENTIFIER', 'CRISP_TOKEN_KEY'] as const;

export type StoredSecretName = (typeof STORED_SECRETS)[number];

export function isStoredSecretName(text: string): text is StoredSecretName {
  return (STORED_SECRETS as readonly string[]).includes(text);
}

/** Where the functions of a stage look for their secrets, with the slash that separates it from the name. */
export function toSecretsPath(stage: string): string {
  return `/crisp-enrich/${stage}/`;
}
