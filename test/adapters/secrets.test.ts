import { GetParameterCommand, ParameterNotFound, SSMClient } from '@aws-sdk/client-ssm';
import { mockClient } from 'aws-sdk-client-mock';
import { expect, test } from 'vitest';
import { createSecrets } from '../../lib/adapters/secrets/create-secrets.ts';
import { createParameterReader } from '../../lib/adapters/secrets/parameter-reader.ts';
import { createSsmSecrets } from '../../lib/adapters/secrets/ssm-secrets.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

const SECRETS = 'whsec_9f1c7a52e0b84d36,whsec_0a1b2c3d4e5f6071';
const missing = new ParameterNotFound({ message: 'not found', $metadata: {} });

function createSsm(parameters: Record<string, string | Error>) {
  const client = new SSMClient({ region: 'eu-west-1' });
  const ssm = mockClient(client);
  ssm.on(GetParameterCommand).callsFake(({ Name }: { Name: string }) => {
    const value = parameters[Name] ?? missing;
    if (value instanceof Error) throw value;
    return { Parameter: { Value: value } };
  });
  const clock = createVirtualClock();
  return { ssm, clock, secrets: createSsmSecrets({ path: '/crisp-enrich/test/', clock, client }) };
}

test('secrets are the parameters under the path, decrypted, named as the variables are', async () => {
  const { ssm, secrets } = createSsm({
    '/crisp-enrich/test/CRISP_HOOK_SECRETS': SECRETS,
    '/crisp-enrich/test/CRISP_TOKEN_IDENTIFIER': 'id-of-the-token',
    '/crisp-enrich/test/CRISP_TOKEN_KEY': 'key-of-the-token',
  });

  expect(await secrets.hookSecrets()).toEqual(SECRETS.split(','));
  expect(await secrets.crispToken()).toEqual({ identifier: 'id-of-the-token', key: 'key-of-the-token' });
  expect(ssm.commandCalls(GetParameterCommand)[0]?.args[0].input).toMatchObject({ WithDecryption: true });
});

test('a parameter that does not exist is a secret that is not there yet', async () => {
  const { secrets } = createSsm({});

  expect(await secrets.hookSecrets()).toEqual([]);
  expect(await secrets.crispToken()).toBeUndefined();
});

test('SSM is asked once for what it has, however often it is needed', async () => {
  const { ssm, secrets } = createSsm({ '/crisp-enrich/test/CRISP_HOOK_SECRETS': SECRETS });

  for (let reads = 0; reads < 5; reads += 1) await secrets.hookSecrets();

  expect(ssm.calls()).toHaveLength(1);
});

test('a weak secret in SSM is refused as one in the environment is, without its value', async () => {
  const { secrets } = createSsm({ '/crisp-enrich/test/CRISP_HOOK_SECRETS': 'short' });

  const failure = await secrets.hookSecrets().catch((error: unknown) => error);

  expect(failure).toMatchObject({ problems: [{ code: 'config_secret_too_short' }] });
  expect(String(failure)).not.toContain('"short"');
});

test('half a token in SSM is refused', async () => {
  const { secrets } = createSsm({ '/crisp-enrich/test/CRISP_TOKEN_KEY': 'key-of-the-token' });

  await expect(secrets.crispToken()).rejects.toMatchObject({
    problems: [{ code: 'config_missing', variable: 'CRISP_TOKEN_IDENTIFIER' }],
  });
});

test("a refusal by SSM keeps SSM's own name", async () => {
  const denied = Object.assign(new Error('no'), { name: 'AccessDeniedException' });
  const { secrets } = createSsm({ '/crisp-enrich/test/CRISP_HOOK_SECRETS': denied });

  await expect(secrets.hookSecrets()).rejects.toMatchObject({ name: 'AccessDeniedException' });
});

test('secrets of the environment are the ones that were checked at start', async () => {
  const crispToken = { identifier: 'id', key: 'key' };
  const secrets = createSecrets(
    { source: 'environment', hookSecrets: ['whsec_9f1c7a52e0b84d36'], crispToken },
    createVirtualClock(),
  );

  expect(await secrets.hookSecrets()).toEqual(['whsec_9f1c7a52e0b84d36']);
  expect(await secrets.crispToken()).toEqual(crispToken);
});

test('what is missing is asked for again after 15 seconds, not with every request', async () => {
  let reads = 0;
  const clock = createVirtualClock();
  const read = createParameterReader(async () => {
    reads += 1;
    return reads > 1 ? 'a secret at last' : undefined;
  }, clock);

  expect(await read('name')).toBeUndefined();
  await clock.advance(14_999);
  expect(await read('name')).toBeUndefined();
  await clock.advance(1);
  expect(await read('name')).toBe('a secret at last');
  expect(reads).toBe(2);
});

test('while the store fails, the last known value is used and the store left alone', async () => {
  const answers: (string | Error)[] = ['known', new Error('throttled'), new Error('throttled'), 'rotated'];
  const clock = createVirtualClock();
  const read = createParameterReader(async () => {
    const answer = answers.shift();
    if (answer instanceof Error) throw answer;
    return answer;
  }, clock);

  expect(await read('name')).toBe('known');
  expect(await read('name')).toBe('known');
  expect(await read('name')).toBe('known');
  expect(answers).toHaveLength(2);
  await clock.advance(15_000);
  expect(await read('name')).toBe('known');
  await clock.advance(15_000);
  expect(await read('name')).toBe('rotated');
});

test('a store that fails before anything is known fails its reader too', async () => {
  const read = createParameterReader(async () => {
    throw new Error('throttled');
  }, createVirtualClock());

  await expect(read('name')).rejects.toThrow('throttled');
  await expect(read('name')).rejects.toThrow('throttled');
});
