import { SqsStore } from '../fauxqs-internals.ts';
import { EmbeddedQueue, type EmbeddedQueueDeps } from './embedded-queue.ts';

/** fauxqs's registry of queues, with queues of our own. */
export class EmbeddedSqsStore extends SqsStore {
  readonly #deps: EmbeddedQueueDeps;

  constructor(deps: EmbeddedQueueDeps) {
    super();
    this.#deps = deps;
    // Without a host of its own it makes queue URLs with the host of the request, which is one that resolves.
    this.host = '';
  }

  override createQueue(...args: Parameters<SqsStore['createQueue']>): EmbeddedQueue {
    const queue = new EmbeddedQueue(args, this.#deps);
    if (this.persistence) {
      queue.persistence = this.persistence;
      this.persistence.insertQueue(queue);
    }
    this.#register(queue);
    return queue;
  }

  override deleteQueue(url: string): boolean {
    const name = this.getQueue(url)?.name;
    if (name !== undefined) this.#deps.log?.clear(name);
    return super.deleteQueue(url);
  }

  /** The queue that a `QueueUrl` or an ARN names. */
  findQueue(urlOrArn: string): EmbeddedQueue | undefined {
    const queue = urlOrArn.startsWith('arn:') ? this.getQueueByArn(urlOrArn) : this.getQueue(urlOrArn);
    return queue instanceof EmbeddedQueue ? queue : undefined;
  }

  /** Gives every queue a URL under `baseUrl`: those of kept data name the port of an earlier run. */
  rebaseUrls(baseUrl: string): void {
    for (const queue of [...this.allQueues()]) {
      // biome-ignore lint/complexity/useLiteralKeys: the index reaches what the base class calls private
      this['queues'].delete(queue.url);
      Object.assign(queue, { url: `${baseUrl}${new URL(queue.url).pathname}` });
      this.#register(queue);
    }
  }

  #register(queue: ReturnType<SqsStore['createQueue']>): void {
    // biome-ignore lint/complexity/useLiteralKeys: as above
    this['queues'].set(queue.url, queue);
    // biome-ignore lint/complexity/useLiteralKeys: as above
    this['queuesByName'].set(queue.name, queue);
    // biome-ignore lint/complexity/useLiteralKeys: as above
    this['queuesByArn'].set(queue.arn, queue);
  }
}
