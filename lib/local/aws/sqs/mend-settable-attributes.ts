import { SETTABLE_ATTRIBUTES } from '../fauxqs-internals.ts';

/** fauxqs knows these two attributes of FIFO queues at creation alone; SQS lets them be set later too. */
export function mendSettableAttributes(): void {
  SETTABLE_ATTRIBUTES.add('DeduplicationScope');
  SETTABLE_ATTRIBUTES.add('FifoThroughputLimit');
}
