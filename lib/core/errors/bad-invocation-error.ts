/** An invocation that is no batch of SQS messages, or whose messages cannot be answered for: the whole of it fails. */
export class BadInvocationError extends Error {
  override readonly name = 'BadInvocationError';
  readonly code: 'bad_invocation' | 'bad_record';

  constructor(code: 'bad_invocation' | 'bad_record', detail: string) {
    super(`${code}: ${detail}`);
    this.code = code;
  }
}
