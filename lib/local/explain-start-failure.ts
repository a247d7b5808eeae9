import { ConfigError } from '../core/errors/config-error.ts';
import { DataFolderError } from './aws/embedded-aws.ts';
import { InfraError } from './aws/infra-resolver.ts';
import { UsageError } from './local-options.ts';

export interface StartFailure {
  /** What a person reads: one sentence, or the list of problems. */
  readonly text: string;
  /** 2 for a command line or configuration that cannot be followed, else 1. */
  readonly exitCode: 1 | 2;
}

/** What to tell where local mode could not start. Only a defect shows its stack. */
export function explainStartFailure(error: unknown): StartFailure {
  if (error instanceof UsageError || error instanceof ConfigError)
    return { text: error.message, exitCode: 2 };
  if (error instanceof InfraError || error instanceof DataFolderError) {
    return { text: error.message, exitCode: 1 };
  }
  const system = explainSystemError(error);
  if (system !== undefined) return { text: system, exitCode: 1 };
  return { text: error instanceof Error ? (error.stack ?? error.message) : String(error), exitCode: 1 };
}

function explainSystemError(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  const path = 'path' in error && typeof error.path === 'string' ? error.path : 'a file of local mode';
  switch (error.code) {
    case 'ENOSPC':
      return `No space left for ${path}: free some, or choose another folder with --data DIR.`;
    case 'ECONNREFUSED':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'A service named by AWS_ENDPOINT_URL… does not answer: start it, or unset the variable.';
    case 'EISDIR':
      return `${path} is a folder where a file is expected: remove it, or start in another folder.`;
    default:
      return undefined;
  }
}
