import type { MappingState } from '../lambda/mapping-state.ts';
import type { AwsActions } from './aws-call.ts';
import { toAwsError } from './aws-error.ts';

export const MAPPING_ID = '5f0a1c1e-0000-4000-8000-000000000001';

/** The part of Lambda's API by which an event source mapping is found, seen and switched. */
export function createFakeLambda({
  state,
  functionName,
  queueArn,
}: {
  /** A function: Lambda and the mapping know each other. */
  state: () => MappingState;
  functionName: string;
  queueArn: string;
}): AwsActions {
  const describe = () => ({
    UUID: MAPPING_ID,
    EventSourceArn: queueArn,
    FunctionArn: `arn:aws:lambda:eu-west-1:123456789012:function:${functionName}`,
    State: state().name,
  });

  return {
    ListEventSourceMappings({
      EventSourceArn,
      FunctionName,
    }: {
      EventSourceArn?: string;
      FunctionName?: string;
    }) {
      const isIt =
        (EventSourceArn ?? queueArn) === queueArn && (FunctionName ?? functionName) === functionName;
      return { EventSourceMappings: isIt ? [describe()] : [] };
    },
    GetEventSourceMapping({ UUID }: { UUID?: string }) {
      if (UUID !== MAPPING_ID) throw toAwsError('ResourceNotFoundException', 404);
      return describe();
    },
    UpdateEventSourceMapping({ UUID, Enabled = true }: { UUID?: string; Enabled?: boolean }) {
      if (UUID !== MAPPING_ID) throw toAwsError('ResourceNotFoundException', 404);
      if (!state().turn(Enabled)) throw toAwsError('ResourceInUseException', 400);
      return describe();
    },
  };
}
