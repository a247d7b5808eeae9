import { afterAll, beforeAll } from 'vitest';
import { createDynamoFailureNotes } from '../../lib/adapters/ledger/dynamo-failure-notes.ts';
import { createDynamoMessageNotes } from '../../lib/adapters/ledger/dynamo-message-notes.ts';
import { createMemoryMessageNotes } from '../support/memory-message-notes.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { describeFailureNotes } from './failure-notes-contract.ts';

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});

afterAll(() => ledger.stop());

describeFailureNotes('in memory', () => {
  const notes = createMemoryMessageNotes();
  return { notes, failureNotes: notes };
});

describeFailureNotes('DynamoDB embedded', () => ({
  notes: createDynamoMessageNotes(ledger),
  failureNotes: createDynamoFailureNotes({ ...ledger, clock: createVirtualClock() }),
}));
