import { afterAll, beforeAll } from 'vitest';
import { createDynamoMessageNotes } from '../../lib/adapters/ledger/dynamo-message-notes.ts';
import { createMemoryMessageNotes } from '../support/memory-message-notes.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';
import { describeMessageNotes } from './message-notes-contract.ts';

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});

afterAll(() => ledger.stop());

describeMessageNotes('in memory', createMemoryMessageNotes);

describeMessageNotes('DynamoDB embedded', () => createDynamoMessageNotes(ledger));
