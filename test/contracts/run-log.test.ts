import { afterAll, beforeAll } from 'vitest';
import { createDynamoRunHistory } from '../../lib/adapters/ledger/dynamo-run-history.ts';
import { createDynamoRunLog } from '../../lib/adapters/ledger/dynamo-run-log.ts';
import { createMemoryRunLog } from '../support/memory-run-log.ts';
import { startEmbeddedLedger } from '../support/start-embedded-ledger.ts';
import { describeRunLog } from './run-log-contract.ts';

let ledger: Awaited<ReturnType<typeof startEmbeddedLedger>>;

beforeAll(async () => {
  ledger = await startEmbeddedLedger();
});

afterAll(() => ledger.stop());

describeRunLog('in memory', () => {
  const runLog = createMemoryRunLog();
  return { runLog, history: runLog };
});

describeRunLog('DynamoDB embedded', () => ({
  runLog: createDynamoRunLog(ledger),
  history: createDynamoRunHistory(ledger),
}));
