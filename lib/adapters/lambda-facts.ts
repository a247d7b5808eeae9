import {
  GetAccountSettingsCommand,
  GetFunctionConfigurationCommand,
  type LambdaClient,
} from '@aws-sdk/client-lambda';
import type { Environment } from '../core/config/environment.ts';
import type { AccountConcurrency } from '../core/doctor/judge-concurrency.ts';
import { toAwsOperationError } from './aws-operation-error.ts';

/** What Lambda tells of functions and the account. Both reject with `OperationError`. */
export interface LambdaFacts {
  /** The environment that a function was deployed with; it names no secret's value. */
  environmentOf(functionName: string): Promise<Environment>;
  concurrency(): Promise<AccountConcurrency>;
}

/** Lambda's facts over its API. */
export function createLambdaFacts(lambda: LambdaClient): LambdaFacts {
  return {
    async environmentOf(functionName) {
      const command = new GetFunctionConfigurationCommand({ FunctionName: functionName });
      const { Environment: found } = await lambda
        .send(command)
        .catch(toFailure('lambda:GetFunctionConfiguration', functionName));
      return { ...found?.Variables };
    },

    async concurrency() {
      const { AccountLimit = {} } = await lambda
        .send(new GetAccountSettingsCommand({}))
        .catch(toFailure('lambda:GetAccountSettings', '*'));
      const { ConcurrentExecutions: limit = 0, UnreservedConcurrentExecutions: unreserved = limit } =
        AccountLimit;
      return { limit, unreserved };
    },
  };
}

function toFailure(action: string, resource: string): (thrown: unknown) => never {
  return (thrown) => {
    throw toAwsOperationError(thrown, { action, resource });
  };
}
