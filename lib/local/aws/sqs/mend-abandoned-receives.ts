import type { FauxqsApp } from '../fauxqs-app.ts';
import type { EmbeddedSqsStore } from './embedded-sqs-store.ts';
import { readSqsRequest } from './read-sqs-request.ts';

/**
 * A long poll goes on in fauxqs after its caller hung up, and takes messages for nobody, which hides them for as long as
 * the queue's visibility timeout. Here they go back at once, as if they had not been received.
 */
export function mendAbandonedReceives(app: FauxqsApp, store: EmbeddedSqsStore): void {
  app.addHook('onSend', async (request, reply, payload) => {
    const sqs = readSqsRequest(request);
    if (sqs?.action !== 'ReceiveMessage' || typeof payload !== 'string') return;
    const queue = store.findQueue(String(sqs.parameters.QueueUrl));
    const handles = toReceiptHandles(payload);
    if (queue === undefined || handles.length === 0) return;

    if (request.raw.socket.destroyed) queue.takeBack(handles);
    else reply.raw.once('close', () => reply.raw.writableFinished || queue.takeBack(handles));
  });
}

function toReceiptHandles(payload: string): string[] {
  // The payload is fauxqs's answer to ReceiveMessage, or an error, which has no messages.
  const { Messages = [] } = JSON.parse(payload) as { Messages?: { ReceiptHandle: string }[] };
  return Messages.map(({ ReceiptHandle }) => ReceiptHandle);
}
