import { expect, test } from 'vitest';
import { toSqsEvent } from '../../../lib/local/lambda/to-sqs-event.ts';

test('message attributes have the names that Lambda gives them, binary values in base64', () => {
  const MessageAttributes = {
    kind: { DataType: 'String', StringValue: 'x' },
    bytes: { DataType: 'Binary', BinaryValue: new Uint8Array([1, 2, 255]) },
  };

  const { Records } = toSqsEvent([{ MessageAttributes }], 'arn:aws:sqs:eu-west-1:000000000000:q');

  expect(Records[0]).toMatchObject({
    awsRegion: 'eu-west-1',
    messageAttributes: {
      kind: { dataType: 'String', stringValue: 'x', stringListValues: [], binaryListValues: [] },
      bytes: { dataType: 'Binary', binaryValue: 'AQL/', stringListValues: [], binaryListValues: [] },
    },
  });
});
