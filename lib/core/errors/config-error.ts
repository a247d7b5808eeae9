export const CONFIG_PROBLEMS = [
  'config_missing',
  'config_invalid',
  'config_unknown',
  'config_secret_empty',
  'config_secret_whitespace',
  'config_secret_placeholder',
  'config_secret_too_short',
] as const;

export type ConfigProblemCode = (typeof CONFIG_PROBLEMS)[number];

export interface ConfigProblem {
  readonly code: ConfigProblemCode;
  /** The environment variable. */
  readonly variable: string;
  /** What was expected and what was found; the value of a secret is never shown. */
  readonly message: string;
}

/** The configuration as a whole, with every problem in it: nobody should have to start twice to see two mistakes. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
  readonly problems: readonly ConfigProblem[];

  constructor(problems: readonly ConfigProblem[]) {
    super(
      [
        'The configuration has problems:',
        ...problems.map((p) => `  ${p.variable}: ${p.message} [${p.code}]`),
      ].join('\n'),
    );
    this.problems = problems;
  }
}
