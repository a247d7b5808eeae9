interface Reply {
  code(status: number): Reply;
  header(name: string, value: string): Reply;
  send(body: unknown): Reply;
}

/** Answers with an error in the protocol of SQS, so that the SDK throws it by its name. */
export function sendSqsError(reply: Reply, code: string, message: string): Reply {
  return reply
    .code(400)
    .header('content-type', 'application/x-amz-json-1.0')
    .header('x-amzn-query-error', `AWS.SimpleQueueService.${code};Sender`)
    .send({ __type: `com.amazonaws.sqs#${code}`, message });
}
