import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chooseEndpoints } from '../../../lib/local/aws/endpoints.ts';

test('a service whose endpoint is given is not embedded; its own variable wins over the common one', () => {
  const own = chooseEndpoints({ AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9000/' });
  const both = chooseEndpoints({
    AWS_ENDPOINT_URL: 'http://localhost:4566',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://[::1]:8000',
  });

  expect(own).toEqual({ s3: 'http://127.0.0.1:9000' });
  expect(both).toEqual({
    sqs: 'http://localhost:4566',
    sns: 'http://localhost:4566',
    s3: 'http://localhost:4566',
    dynamodb: 'http://[::1]:8000',
  });
});

test('nothing given, an empty text, and the SDK switch that ignores endpoints mean that all is embedded', () => {
  expect(chooseEndpoints({})).toEqual({});
  expect(chooseEndpoints({ AWS_ENDPOINT_URL: '' })).toEqual({});
  expect(
    chooseEndpoints({
      AWS_ENDPOINT_URL: 'https://sqs.eu-west-1.amazonaws.com',
      AWS_IGNORE_CONFIGURED_ENDPOINT_URLS: 'true',
    }),
  ).toEqual({});
});

test.each([
  ['SQS alone', { AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9324' }, 'AWS_ENDPOINT_URL_SQS'],
  ['SNS alone', { AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:9911' }, 'AWS_ENDPOINT_URL_SNS'],
  [
    'SQS beside all others',
    { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566', AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9324' },
    'AWS_ENDPOINT_URL_SQS',
  ],
  [
    'another port for each',
    { AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:9324', AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:9911' },
    'AWS_ENDPOINT_URL_SQS',
  ],
])('a topic that could not reach its queue is refused: %s', (_, env, variable) => {
  expect(() => chooseEndpoints(env)).toThrow(
    expect.objectContaining({
      problems: [
        { code: 'config_invalid', variable, message: expect.stringContaining('SQS and SNS belong together') },
      ],
    }),
  );
});

test.each([
  { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566' },
  { AWS_ENDPOINT_URL_SQS: 'http://localhost:4566', AWS_ENDPOINT_URL_SNS: 'http://127.0.0.1:4566' },
  { AWS_ENDPOINT_URL: 'http://127.0.0.1:4566', AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000' },
  { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:9000', AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:8000' },
])('SQS and SNS on one server, the others anywhere, are taken: %o', (env) => {
  expect(Object.keys(chooseEndpoints(env))).not.toEqual([]);
});

test('another machine is refused unless it is allowed', () => {
  const env = { AWS_ENDPOINT_URL_S3: 'https://minio.example.com' };

  expect(() => chooseEndpoints(env)).toThrow(/AWS_ENDPOINT_URL_S3: .*--aws-endpoint-ok/);
  expect(chooseEndpoints(env, { allowRemote: true })).toEqual({ s3: 'https://minio.example.com' });
});

test.each([
  'https://sqs.us-east-1.amazonaws.com',
  'https://sqs.us-east-1.AMAZONAWS.com.',
  'https://sqs.cn-north-1.amazonaws.com.cn',
  'https://dynamodb.us-west-2.api.aws',
  'https://bucket.s3.dualstack.eu-west-1.amazonaws.com:443/',
])('AWS itself is refused, allowed or not: %s', (url) => {
  expect(() => chooseEndpoints({ AWS_ENDPOINT_URL: url }, { allowRemote: true })).toThrow(/AWS itself/);
});

test('every bad endpoint is reported at once, and a common one only once', () => {
  const choose = () =>
    chooseEndpoints({
      AWS_ENDPOINT_URL: 'ftp://127.0.0.1',
      AWS_ENDPOINT_URL_SQS: 'http://user:secret@127.0.0.1',
      AWS_ENDPOINT_URL_SNS: 'not a url',
    });

  expect(choose).toThrow(
    expect.objectContaining({
      problems: ['AWS_ENDPOINT_URL_SQS', 'AWS_ENDPOINT_URL_SNS', 'AWS_ENDPOINT_URL'].map((variable) =>
        expect.objectContaining({ variable, code: 'config_invalid' }),
      ),
    }),
  );
  expect(choose).not.toThrow(/secret@/);
});

test('no name that only begins or ends like this machine passes for it', () => {
  const names = fc
    .constantFrom('localhost', '127.0.0.1')
    .chain((loopback) =>
      fc.constantFrom(
        `${loopback}.example.com`,
        `x${loopback}`,
        `${loopback}x.example`,
        `example.com:80@${loopback}`,
      ),
    );

  fc.assert(
    fc.property(names, (name) => {
      expect(() => chooseEndpoints({ AWS_ENDPOINT_URL: `http://${name}` })).toThrow();
    }),
  );
});
