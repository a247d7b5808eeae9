import { afterAll, beforeAll } from 'vitest';
import {
  createDynamoLookNotes,
  createDynamoRedriveNotes,
} from '../../lib/adapters/ledger/dynamo-redrive-notes.ts';
import { createMemoryLookNotes, createMemoryRedriveNotes } from '../support/memory-redrive-notes.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';
import { describeLookNotes, describeRedriveNotes } from './redrive-notes-contract.ts';

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});

afterAll(() => ledger.stop());

describeRedriveNotes('in memory', createMemoryRedriveNotes);
describeRedriveNotes('DynamoDB embedded', () => createDynamoRedriveNotes(ledger));
describeLookNotes('in memory', createMemoryLookNotes);
describeLookNotes('DynamoDB embedded', () => createDynamoLookNotes(ledger));
