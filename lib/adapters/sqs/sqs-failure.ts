import { OperationError } from '../../core/errors/operation-error.ts';
import { toQueueAddress } from '../../core/queue/queue-address.ts';
import { toAwsFailure } from '../aws-failure.ts';
import { toAwsOperationError } from '../aws-operation-error.ts';

/** For `.catch()`: throws the `OperationError` of a failed call; `action` is the right that a refusal asks for. */
export function toSqsFailure(action: string, queueUrl: string): (thrown: unknown) => never {
  return (thrown) => {
    const { name, account, region } = toQueueAddress(queueUrl);
    const { code } = toAwsFailure(thrown);
    if (MISSING.has(code)) {
      const place = [region && ` in ${region}`, account && ` account ${account}`].filter(Boolean).join('');
      throw new OperationError('queue_not_found', `queue '${name}' not found${place}`, { cause: thrown });
    }
    const resource = region ? `arn:aws:sqs:${region}:${account}:${name}` : name;
    throw toAwsOperationError(thrown, { action, resource });
  };
}

// By either of SQS's protocols.
const MISSING = new Set([
  'queue_does_not_exist',
  'aws_simple_queue_service_non_existent_queue',
  'resource_not_found',
]);
