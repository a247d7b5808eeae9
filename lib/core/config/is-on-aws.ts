import type { Environment } from './environment.ts';

/** True inside a Lambda function: its runtime always sets this variable. */
export function isOnAws({ AWS_LAMBDA_FUNCTION_NAME }: Environment): boolean {
  return AWS_LAMBDA_FUNCTION_NAME !== undefined && AWS_LAMBDA_FUNCTION_NAME !== '';
}
