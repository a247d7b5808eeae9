import type { Mutant } from '../mutant.ts';

/** Bugs in how a batch is handled and answered for. */
export const BATCH_MUTANTS: readonly Mutant[] = [
  {
    id: 'M4',
    title: 'A session is fetched before the end of its bucket',
    patches: [
      {
        file: 'lib/core/job/session-unit.ts',
        find: '  const isDue = ({ job }: DecodedMessage) => (job.notBeforeMs ?? 0) <= nowMs;',
        replace: '  const isDue = ({ job }: DecodedMessage) => (job.notBeforeMs ?? 0) <= nowMs + 86_400_000;',
      },
    ],
    tests: ['test/use-cases/consume/process-batch.test.ts', 'test/app/create-consumer-handler.test.ts'],
  },
  {
    id: 'M5',
    title: 'A later message of a group that failed is acknowledged',
    patches: [
      {
        file: 'lib/use-cases/consume/refresh-unit.ts',
        find: `    return Promise.all(
      unit.messages.map(({ message, attempt }) =>
        handleFailure(message, { session, error, blame, attempt, apiCalls }),
      ),
    );`,
        replace: `    const failed = unit.messages.slice(0, 1).map(({ message, attempt }) =>
      handleFailure(message, { session, error, blame, attempt, apiCalls }),
    );
    const later = { ...unit, messages: unit.messages.slice(1) };
    return [...(await Promise.all(failed)), ...acknowledge(later, 'unchanged', apiCalls)];`,
      },
    ],
    tests: ['test/use-cases/consume/process-batch.test.ts', 'test/use-cases/consume/refresh-unit.test.ts'],
  },
  {
    id: 'M11',
    title: 'A message id that was seen before counts as done',
    patches: [
      {
        file: 'lib/use-cases/consume/process-batch.ts',
        find: `  return async (
    messages: readonly ReceivedMessage[],`,
        replace: `  const seen = new Set<string>();
  return async (
    messages: readonly ReceivedMessage[],`,
      },
      {
        file: 'lib/use-cases/consume/process-batch.ts',
        find: `    for (const message of messages) {
      try {`,
        replace: `    for (const message of messages) {
      if (seen.has(message.messageId)) {
        work.push(Promise.resolve([{ message, outcome: { outcome: 'acknowledged' } }]));
        continue;
      }
      seen.add(message.messageId);
      try {`,
      },
    ],
    tests: ['test/use-cases/consume/process-batch.test.ts', 'test/use-cases/consume/attempts.test.ts'],
  },
  {
    id: 'M15',
    title: 'Failures are returned by their place, not by their message id',
    patches: [
      {
        file: 'lib/app/create-consumer-handler.ts',
        find: '    return processPartialResponse(event, settle, processor, { context, throwOnFullBatchFailure: false });',
        replace: `    const options = { context, throwOnFullBatchFailure: false };
    const { batchItemFailures } = await processPartialResponse(event, settle, processor, options);
    return {
      batchItemFailures: batchItemFailures.map((_failure, place) => ({
        itemIdentifier: event.Records[place]?.messageId ?? '',
      })),
    };`,
      },
    ],
    tests: ['test/app/consumer-batch-response.test.ts', 'test/app/create-consumer-handler.test.ts'],
  },
  {
    id: 'M18',
    title: 'A message is skipped as superseded by its bucket number alone',
    patches: [
      {
        file: 'lib/use-cases/consume/process-unit.ts',
        find: `  const { clock, deferMessage, recallFailure, retainFinal, deleteMessage, refreshUnit, recordRuns } =
    dependencies;`,
        replace: `  const { clock, deferMessage, recallFailure, retainFinal, deleteMessage, refreshUnit, recordRuns } =
    dependencies;
  const newest = new Map<string, number>();`,
      },
      {
        file: 'lib/use-cases/consume/process-unit.ts',
        find: `  async function settle(unit: SessionUnit, invocation: UnitInvocation): Promise<SettledMessage[]> {
`,
        replace: `  async function settle(all: SessionUnit, invocation: UnitInvocation): Promise<SettledMessage[]> {
    const key = \`\${all.websiteId}:\${all.sessionId}\`;
    const newestMs = Math.max(newest.get(key) ?? 0, ...all.messages.map(({ job }) => job.bucketMs ?? 0));
    newest.set(key, newestMs);
    const isSuperseded = ({ job }: DecodedMessage) => job.bucketMs !== undefined && job.bucketMs < newestMs;
    const superseded = all.messages
      .filter(isSuperseded)
      .map(({ message }): SettledMessage => ({ message, outcome: { outcome: 'acknowledged' } }));
    const unit = { ...all, messages: all.messages.filter((each) => !isSuperseded(each)) };
    return [...superseded, ...(unit.messages.length > 0 ? await settleOthers(unit, invocation) : [])];
  }

  async function settleOthers(unit: SessionUnit, invocation: UnitInvocation): Promise<SettledMessage[]> {
`,
      },
    ],
    tests: ['test/use-cases/consume/process-batch.test.ts', 'test/chaos/scenarios/skewed-clock.test.ts'],
  },
];
