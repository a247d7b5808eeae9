/** An error as the AWS SDK throws it; its message holds a canary that must reach no log. */
export function anAwsError(name: string, httpStatusCode = 400): Error {
  return Object.assign(new Error('canary-message'), { name, $metadata: { httpStatusCode } });
}
