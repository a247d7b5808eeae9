import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { createSsmSecrets } from '../../lib/config/secret-reader.ts';
import { createSdkParameterReader } from '../../lib/operate/doctor/setup.ts';
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
    secrets: createSsmSecrets({ path: PATH, clock, readSsm: createSdkParameterReader(client) }),
    put: (name: string, value: string) => void parameters.set(name, value),
    fail: (error: Error | undefined) => {
      failure = error;
    },
    /** Calls to the parameter store so far. */
    calls: () => ssm.calls().length,
  };
}

interface StoredParameter {
  readonly Value: string;
  readonly Type: string;
  readonly KeyId?: string | undefined;
  readonly Version: number;
  /** Epoch seconds, as SSM has it. */
  readonly LastModifiedDate: number;
}

// The parts of the requests that are read; the SDK writes them.
interface ParameterRequest {
  readonly Name: string;
  readonly Value: string;
  readonly Type: string;
  readonly KeyId?: string;
  readonly Overwrite?: boolean;
  readonly ParameterFilters?: readonly [{ readonly Values: readonly string[] }];
}

export type ParameterStore = Awaited<ReturnType<typeof startParameterStore>>;

/** SSM's GetParameter, PutParameter and DescribeParameters over HTTP on this machine, with what it holds to look at. */
export async function startParameterStore(initial: Readonly<Record<string, string>> = {}) {
  const parameters = new Map<string, StoredParameter>(
    Object.entries(initial).map(([name, Value]) => [name, toParameter({ Value, Type: 'SecureString' })]),
  );
  const calls: string[] = [];
  let refusal: string | undefined;
  const server = createServer(async (request, response) => {
    const action = String(request.headers['x-amz-target']).replace('AmazonSSM.', '');
    calls.push(action);
    // The SDK's own form.
    const body = (await json(request)) as ParameterRequest;
    const answer = refusal === undefined ? answerTo(action, body) : { __type: refusal };
    response.writeHead('__type' in answer ? 400 : 200, { 'content-type': 'application/x-amz-json-1.1' });
    response.end(JSON.stringify(answer));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  // A TCP server that listens has an address of this form.
  const { port } = server.address() as AddressInfo;
  const url = `http://127.0.0.1:${port}`;

  function answerTo(action: string, { Name, ParameterFilters, ...given }: ParameterRequest): object {
    const stored = parameters.get(Name);
    switch (action) {
      case 'GetParameter':
        return stored ? { Parameter: { Name, ...stored } } : { __type: 'ParameterNotFound' };
      case 'PutParameter': {
        if (stored && given.Overwrite !== true) return { __type: 'ParameterAlreadyExists' };
        const next = toParameter(given, (stored?.Version ?? 0) + 1);
        parameters.set(Name, next);
        return { Version: next.Version };
      }
      case 'DescribeParameters': {
        const names = ParameterFilters?.[0].Values ?? [];
        const Parameters = names.flatMap((name) => {
          const { Value: _, ...metadata } = parameters.get(name) ?? {};
          return parameters.has(name) ? [{ Name: name, ...metadata }] : [];
        });
        return { Parameters };
      }
      default:
        return { __type: 'InvalidAction' };
    }
  }

  return {
    url,
    parameters,
    /** The actions asked for, in their order. */
    calls,
    /** What a client of it needs in its environment. */
    environment: { AWS_ENDPOINT_URL_SSM: url, AWS_ACCESS_KEY_ID: 'local', AWS_SECRET_ACCESS_KEY: 'local' },
    /** Answers every call with an error of that type from now on. */
    refuse(type: string) {
      refusal = type;
    },
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function toParameter(
  { Value, Type, KeyId = 'alias/aws/ssm' }: { Value: string; Type: string; KeyId?: string },
  Version = 1,
): StoredParameter {
  return { Value, Type, KeyId, Version, LastModifiedDate: 1_790_856_000 };
}
