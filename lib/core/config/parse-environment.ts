import * as z from 'zod/mini';
import { CONFIG_PROBLEMS, ConfigError, type ConfigProblem } from '../errors/config-error.ts';
import type { SecretsConfig } from './config.ts';
import { dropBlanks, type Environment } from './environment.ts';
import { findPlatformProblems } from './find-platform-problems.ts';
import { findUnknownVariables } from './find-unknown-variables.ts';
import { readSecrets, type SecretNeeds } from './read-secrets.ts';

const problemCode = z.enum(CONFIG_PROBLEMS);

export interface ParsedEnvironment<Values> {
  readonly values: Values;
  readonly secrets: SecretsConfig;
}

/** Reads the variables of `schema` and the secrets. Throws one `ConfigError` that holds every problem there is. */
export function parseEnvironment<Schema extends z.ZodMiniObject>(
  environment: Environment,
  schema: Schema,
  needs: SecretNeeds,
): ParsedEnvironment<z.output<Schema>> {
  const read = schema.safeParse(dropBlanks(environment));
  const { secrets, problems } = readSecrets(environment, needs);
  const all = [
    ...(read.error?.issues.map(toProblem) ?? []),
    ...problems,
    ...findPlatformProblems(environment),
    ...findUnknownVariables(environment),
  ];
  if (!read.success || all.length > 0) throw new ConfigError(all);
  return { values: read.data, secrets };
}

function toProblem(issue: z.core.$ZodIssue): ConfigProblem {
  const params = issue.code === 'custom' ? issue.params : undefined;
  const { data: code = 'config_invalid' } = problemCode.safeParse(params?.code);
  return { code, variable: issue.path.join('.'), message: issue.message };
}
