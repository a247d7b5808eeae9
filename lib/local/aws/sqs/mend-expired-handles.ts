import type { FauxqsApp } from '../fauxqs-app.ts';
import type { EmbeddedSqsStore } from './embedded-sqs-store.ts';
import { readSqsRequest } from './read-sqs-request.ts';

/** Lets every request see the queue as it is now: fauxqs notices only on a receive that a visibility has run out. */
export function mendExpiredHandles(app: FauxqsApp, store: EmbeddedSqsStore): void {
  app.addHook('preHandler', async (request) => {
    const url = readSqsRequest(request)?.parameters.QueueUrl;
    if (typeof url === 'string') store.findQueue(url)?.processTimers();
  });
}
