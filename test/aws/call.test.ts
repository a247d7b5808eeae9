import { describe, expect, test } from 'vitest';
import { type AwsOperation, signRequest, toEndpoint } from '../../lib/aws/call.ts';

const GET_PARAMETER: AwsOperation = {
  service: 'ssm',
  target: 'AmazonSSM.GetParameter',
  contentType: 'application/x-amz-json-1.1',
  timeoutMs: 1000,
};
const UPDATE_ITEM: AwsOperation = {
  service: 'dynamodb',
  target: 'DynamoDB_20120810.UpdateItem',
  contentType: 'application/x-amz-json-1.0',
  timeoutMs: 1000,
};

// The signatures were made by @smithy/signature-v4 from the same headers.
test.each([
  [
    GET_PARAMETER,
    '{"Name":"/crisp-enrich/prod/CRISP_HOOK_SECRETS","WithDecryption":true}',
    'c0e94d608f8b47a11e40319b714e9ea208e36c7d83c485989638b70d39e92d04',
  ],
  [
    UPDATE_ITEM,
    '{"TableName":"a-ledger","Key":{"pk":{"S":"session:ä"}}}',
    'ae6c4b975efdb0c333aa7f602e47f1038d3283ca65f82b31a29a04e2ad02781d',
  ],
])('the signature for $service is that of the official client', (operation, body, signature) => {
  const headers = signRequest(operation, {
    url: new URL(`https://${operation.service}.eu-west-1.amazonaws.com/`),
    body,
    environment: {
      AWS_REGION: 'eu-west-1',
      AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE',
      AWS_SECRET_ACCESS_KEY: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      AWS_SESSION_TOKEN: 'a-session',
    },
    now: new Date('2026-10-01T12:00:00.123Z'),
  });

  expect(headers.authorization).toBe(
    `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20261001/eu-west-1/${operation.service}/aws4_request, SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature=${signature}`,
  );
});

describe('the endpoint', () => {
  const ALL = 'http://127.0.0.1:1/';
  const OWN = 'http://127.0.0.1:2/';

  test.each([
    [{ AWS_REGION: 'eu-west-1' }, 'https://dynamodb.eu-west-1.amazonaws.com/'],
    [{ AWS_REGION: 'cn-north-1' }, 'https://dynamodb.cn-north-1.amazonaws.com.cn/'],
    [{ AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: ALL, AWS_ENDPOINT_URL_SSM: OWN }, ALL],
    [{ AWS_REGION: 'eu-west-1', AWS_ENDPOINT_URL: ALL, AWS_ENDPOINT_URL_DYNAMODB: OWN }, OWN],
  ])('of %o is %s', (environment, url) => {
    expect(toEndpoint(UPDATE_ITEM, environment).href).toBe(url);
  });
});
