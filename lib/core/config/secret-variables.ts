/** The secrets, and where they are kept. On AWS a parameter under the path bears the variable's name. */
export const SECRET_VARIABLES = [
  'CRISP_SECRETS_PATH',
  'CRISP_HOOK_SECRETS',
  'CRISP_TOKEN_IDENTIFIER',
  'CRISP_TOKEN_KEY',
] as const;
