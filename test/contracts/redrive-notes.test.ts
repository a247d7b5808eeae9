import { afterAll, beforeAll } from 'vitest';
import { createDynamoRedriveNotes } from '../../lib/adapters/ledger/dynamo-redrive-notes.ts';
import { createMemoryRedriveNotes } from '../support/memory-redrive-notes.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';
import { describeRedriveNotes } from './redrive-notes-contract.ts';

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});

afterAll(() => ledger.stop());

describeRedriveNotes('in memory', createMemoryRedriveNotes);
describeRedriveNotes('DynamoDB embedded', () => createDynamoRedriveNotes(ledger));
