import { ParameterNotFound } from '@aws-sdk/client-ssm';
import type { AwsActions } from './aws-call.ts';

export interface FakeSsm {
  readonly actions: AwsActions;
  /** What an operator entered, by full name. */
  readonly parameters: Map<string, string>;
}

/** SSM's parameter store. */
export function createFakeSsm(): FakeSsm {
  const parameters = new Map<string, string>();
  return {
    parameters,
    actions: {
      GetParameter({ Name = '' }: { Name?: string }) {
        const Value = parameters.get(Name);
        // Powertools asks for the class itself.
        if (Value === undefined)
          throw new ParameterNotFound({ message: 'canary-aws-message', $metadata: {} });
        return { Parameter: { Name, Value } };
      },
    },
  };
}
