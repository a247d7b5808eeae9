/** A wrapping in which somebody else delivers: another AWS service, or Crisp itself. */
export interface Envelope {
  readonly source: 'sns' | 's3' | 'eventbridge' | 'crisp_hook';
  /** What to change so that it no longer arrives. */
  readonly hint: string;
}

/** Recognises a message of SNS, S3 or EventBridge, or a web hook of Crisp's, by the fields that each always has. */
export function findEnvelope(fields: Readonly<Record<string, unknown>>): Envelope | undefined {
  if (typeof fields.Type === 'string' && typeof fields.TopicArn === 'string') {
    return { source: 'sns', hint: 'an SNS topic delivers to this queue: switch raw message delivery on' };
  }
  if (fields.Event === 's3:TestEvent' || isS3Notification(fields.Records)) {
    return { source: 's3', hint: "a bucket's event notifications point at this queue: remove them" };
  }
  if (typeof fields['detail-type'] === 'string' && typeof fields.source === 'string') {
    return {
      source: 'eventbridge',
      hint: 'an EventBridge rule targets this queue: give it an input transformer, or remove it',
    };
  }
  if (isCrispHook(fields)) {
    return {
      source: 'crisp_hook',
      hint: 'this is a web hook of Crisp, unverified: send hooks to the webhook, which puts session ids onto this queue',
    };
  }
  return undefined;
}

// Its session is within its data. A producer that names the session itself may send what else it likes.
function isCrispHook({
  event,
  sessionId,
  session_id,
  ...fields
}: Readonly<Record<string, unknown>>): boolean {
  return (
    typeof event === 'string' && Object.hasOwn(fields, 'data') && sessionId == null && session_id == null
  );
}

function isS3Notification(records: unknown): boolean {
  if (!Array.isArray(records)) return false;
  const first: unknown = records[0];
  return (
    typeof first === 'object' && first !== null && 'eventSource' in first && first.eventSource === 'aws:s3'
  );
}
