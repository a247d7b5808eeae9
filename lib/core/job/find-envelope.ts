/** A wrapping in which another AWS service delivers its messages. */
export interface Envelope {
  readonly source: 'sns' | 's3' | 'eventbridge';
  /** What to change so that it no longer arrives. */
  readonly hint: string;
}

/** Recognises a message of SNS, S3 or EventBridge by the fields that each always has; undefined for any other. */
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
  return undefined;
}

function isS3Notification(records: unknown): boolean {
  if (!Array.isArray(records)) return false;
  const first: unknown = records[0];
  return (
    typeof first === 'object' && first !== null && 'eventSource' in first && first.eventSource === 'aws:s3'
  );
}
