import { toUsageError } from '../usage-error.ts';

/** The stage of a command that has nothing to do in local mode. Throws `OperationError` `usage`. */
export function requireStage(stage: string | undefined, command: string): string {
  if (stage !== undefined && stage !== 'local') return stage;
  throw toUsageError(
    `${command} needs --stage STAGE: local mode has its secrets in its environment or in .env`,
  );
}
