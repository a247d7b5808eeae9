/** An error as the AWS SDK throws it. Its message may hold anything: nothing of it may be shown. */
export function toAwsError(name: string, httpStatusCode: number, message = 'canary-aws-message'): Error {
  return Object.assign(new Error(message), { name, $metadata: { httpStatusCode }, $fault: 'client' });
}

/** The connection to the service broke. */
export function toSocketError(code: string): Error {
  return Object.assign(new Error(`${code} canary-aws-message`), { code });
}

/** The SDK's own time limit. */
export function toTimeoutError(): Error {
  return Object.assign(new Error('canary-aws-message'), { name: 'TimeoutError' });
}

/** What the SDK tries once more: the server's own failures, throttling, and connections that broke. */
export function isRetried(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  if ('code' in error || error.name === 'TimeoutError') return true;
  const metadata: unknown = Reflect.get(error, '$metadata');
  const status = typeof metadata === 'object' && metadata ? Reflect.get(metadata, 'httpStatusCode') : 0;
  return Number(status) >= 500 || THROTTLED.has(error.name);
}

const THROTTLED = new Set([
  'ThrottlingException',
  'ThrottledException',
  'RequestThrottled',
  'ProvisionedThroughputExceededException',
  'SlowDown',
]);
