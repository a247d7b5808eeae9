import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { createSsmSecrets } from '../../lib/adapters/secrets/ssm-secrets.ts';
import { createVirtualClock } from './virtual-clock.ts';

const PATH = '/crisp-enrich/test/';

/** The secrets as they are read on AWS, from parameters that a test may change at any time. */
export function createMemoryParameterStore(given: Record<string, string>) {
  const parameters = new Map(Object.entries(given));
  const client = new SSMClient({ region: 'eu-west-1' });
  const ssm = mockClient(client);
  let failure: Error | undefined;
  ssm.on(GetParameterCommand).callsFake(({ Name }: { Name: string }) => {
    const value = parameters.get(Name.slice(PATH.length));
    if (failure) throw failure;
    if (value === undefined) throw new ParameterNotFound({ message: 'not found', $metadata: {} });
    return { Parameter: { Value: value } };
  });
  const clock = createVirtualClock();

  return {
    clock,
    secrets: createSsmSecrets({ path: PATH, clock, client }),
    put: (name: string, value: string) => void parameters.set(name, value),
    fail: (error: Error | undefined) => {
      failure = error;
    },
    /** Calls to the parameter store so far. */
    calls: () => ssm.calls().length,
  };
}
