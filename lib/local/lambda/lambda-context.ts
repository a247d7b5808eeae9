import { randomUUID } from 'node:crypto';
import type { Context } from 'aws-lambda';
import type { Clock } from '../../ports/clock.ts';

export interface LambdaContextOptions {
  readonly functionName: string;
  readonly clock: Clock;
  /** Epoch ms at which the invocation is ended. */
  readonly deadlineMs: number;
  readonly memoryMb?: number;
  readonly region?: string;
  readonly accountId?: string;
}

/** The context of one invocation, with the fields that Lambda's Node runtime gives it. */
export function createLambdaContext({
  functionName,
  clock,
  deadlineMs,
  memoryMb = 1024,
  region = 'us-east-1',
  accountId = '000000000000',
}: LambdaContextOptions): Context {
  return {
    callbackWaitsForEmptyEventLoop: true,
    functionName,
    functionVersion: '$LATEST',
    invokedFunctionArn: `arn:aws:lambda:${region}:${accountId}:function:${functionName}`,
    memoryLimitInMB: String(memoryMb),
    awsRequestId: randomUUID(),
    logGroupName: `/aws/lambda/${functionName}`,
    logStreamName: `local/[$LATEST]${randomUUID().replaceAll('-', '')}`,
    getRemainingTimeInMillis: () => Math.max(0, deadlineMs - clock.nowMs()),
    // The three of Node's earlier handlers: the type still asks for them, the runtime for nodejs24.x refuses them.
    done: refuseCallback,
    fail: refuseCallback,
    succeed: refuseCallback,
  };
}

function refuseCallback(): never {
  throw new Error('Handlers return a promise; callbacks are not supported');
}
