import type { Disturbances } from '../disturbances.ts';
import type { Instance } from '../instance.ts';

export type AwsService = 'sqs' | 'sns' | 's3' | 'dynamodb' | 'ssm' | 'lambda';

/** A request that an instance makes of AWS. */
export interface AwsCall {
  readonly service: AwsService;
  /** `SendMessage`, `PutObject`, … */
  readonly action: string;
  readonly input: Readonly<Record<string, unknown>>;
  readonly instance: Instance;
  /** The delivery that a webhook was busy with when it called. */
  readonly deliveryId: string | undefined;
}

/** What a fault makes of a request. */
export type AwsTrouble = { readonly fault: string } & (
  | { readonly kind: 'refuse'; readonly error: unknown }
  /** It takes effect, and nobody hears of it. */
  | { readonly kind: 'lose-answer' }
  /** It takes effect that much later, perhaps when nobody waits for it any more. */
  | { readonly kind: 'slow'; readonly delayMs: number }
  /** Another request arrives than was sent, or another answer than was given. */
  | {
      readonly kind: 'change';
      readonly input?: (input: AwsCall['input']) => AwsCall['input'];
      readonly output: (output: unknown) => unknown;
    }
);

export type AwsDisturbances = Disturbances<AwsCall, AwsTrouble>;

/**
 * What a service does at the moment at which a request of that name arrives; throws what it answers as an error. The
 * input is that of the command which the action is named for.
 */
export type AwsActions = Readonly<Record<string, (input: never, call: AwsCall) => unknown>>;

/** The session that a request is about, where it says so. */
export function findSessionKey({ input }: AwsCall): string | undefined {
  const { Key, MessageGroupId } = input;
  if (typeof MessageGroupId === 'string') return MessageGroupId;
  const [, websiteId, sessionId] =
    (typeof Key === 'string' && /^(?:latest|records)\/([^/]+)\/([^/.]+)/.exec(Key)) || [];
  return websiteId && sessionId ? `${websiteId}:${sessionId}` : undefined;
}
