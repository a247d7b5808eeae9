const ACCEPT = 'lib/webhook/accept.ts';

/** Bugs on the way into the queue. */
const INTAKE_MUTANTS: readonly Mutant[] = [
  {
    id: 'M1',
    title: 'A delivery is acknowledged before the queue has its message',
    patches: [
      {
        file: ACCEPT,
        find: '    return await Promise.race([queue.send(coalesced), deadline]);',
        replace: `    queue.send(coalesced).catch(() => undefined);
    return await Promise.race([{ messageId: coalesced.deduplicationId, sequenceNumber: undefined }, deadline]);`,
      },
    ],
    tests: ['test/webhook/accept.test.ts', 'test/webhook/handler.test.ts'],
  },
  {
    id: 'M6a',
    title: 'No freshness check: a signed delivery is accepted at any age',
    patches: [
      {
        file: ACCEPT,
        find: 'checkHookAge(credential.emittedMs, clock.nowMs(), config.hookMaxAgeSeconds);',
        replace: 'void [checkHookAge, config.hookMaxAgeSeconds];',
      },
    ],
    tests: ['test/webhook/accept.test.ts', 'test/webhook/bad-input.test.ts'],
    faults: ['F3'],
  },
  {
    id: 'M13',
    title: 'The coalescer keeps the first event only: later buckets are dropped as its twins',
    patches: [
      {
        file: 'lib/queue/coalesce.ts',
        find: 'deduplicationId: toDeduplicationId(session, mode, bucketMs, coalesceSeconds),',
        replace:
          'deduplicationId: toDeduplicationId(session, mode, Math.floor(bucketMs / 300_000) * 300_000, coalesceSeconds),',
      },
    ],
    tests: ['test/queue/coalesce.test.ts', 'test/webhook/accept.test.ts'],
  },
  {
    id: 'M14',
    title: 'The signature is checked over the JSON written anew, not over the bytes',
    patches: [
      {
        file: ACCEPT,
        find: '  await verify(credential, body, context);',
        replace:
          "  await verify(credential, Buffer.from(JSON.stringify(JSON.parse(Buffer.from(body).toString('utf8')))), context);",
      },
    ],
    tests: ['test/webhook/accept.test.ts', 'test/webhook/handler.test.ts'],
    faults: ['F17'],
  },
];

/** Bugs in how a batch is handled and answered for. */
const BATCH_MUTANTS: readonly Mutant[] = [
  {
    id: 'M4',
    title: 'A session is fetched before the end of its bucket',
    patches: [
      {
        file: 'lib/consumer/batch.ts',
        find: '  const isDue = ({ job }: DecodedMessage) => (job.notBeforeMs ?? 0) <= nowMs;',
        replace: '  const isDue = ({ job }: DecodedMessage) => (job.notBeforeMs ?? 0) <= nowMs + 86_400_000;',
      },
    ],
    tests: ['test/consumer/batch.test.ts', 'test/consumer/handler.test.ts'],
  },
  {
    id: 'M5',
    title: 'A later message of a group that failed is acknowledged',
    patches: [
      {
        file: 'lib/consumer/refresh.ts',
        find: `  return Promise.all(
    unit.messages.map(({ message, attempt }) =>
      settleFailure(context, message, { session, error, blame, attempt, apiCalls }),
    ),
  );`,
        replace: `  const failed = unit.messages.slice(0, 1).map(({ message, attempt }) =>
    settleFailure(context, message, { session, error, blame, attempt, apiCalls }),
  );
  const later = { ...unit, messages: unit.messages.slice(1) };
  return [...(await Promise.all(failed)), ...acknowledge(context, later, { outcome: 'unchanged', apiCalls })];`,
      },
    ],
    tests: ['test/consumer/batch.test.ts', 'test/consumer/refresh.test.ts'],
  },
  {
    id: 'M11',
    title: 'A message id that was seen before counts as done',
    patches: [
      {
        file: 'lib/consumer/batch.ts',
        find: 'export async function processBatch(',
        replace: `// By the one object that lasts as long as the instance.
const seenBy = new WeakMap<object, Set<string>>();

export async function processBatch(`,
      },
      {
        file: 'lib/consumer/batch.ts',
        find: `  for (const message of messages) {
    try {`,
        replace: `  const seen = seenBy.get(context.notes) ?? new Set<string>();
  seenBy.set(context.notes, seen);
  for (const message of messages) {
    if (seen.has(message.messageId)) {
      work.push(Promise.resolve([{ message, outcome: { outcome: 'acknowledged' } }]));
      continue;
    }
    seen.add(message.messageId);
    try {`,
      },
    ],
    tests: ['test/consumer/batch.test.ts', 'test/consumer/settle.test.ts'],
  },
  {
    id: 'M15',
    title: 'Failures are returned by their place, not by their message id',
    patches: [
      {
        file: 'lib/consumer/handler.ts',
        find: '    return processPartialResponse(event, settle, processor, reporting);',
        replace: `    const { batchItemFailures } = await processPartialResponse(event, settle, processor, reporting);
    return {
      batchItemFailures: batchItemFailures.map((_failure, place) => ({
        itemIdentifier: event.Records[place]?.messageId ?? '',
      })),
    };`,
      },
    ],
    tests: ['test/consumer/handler.test.ts', 'test/consumer/handler.test.ts'],
  },
  {
    id: 'M18',
    title: 'A message is skipped as superseded by its bucket number alone',
    patches: [
      {
        file: 'lib/consumer/batch.ts',
        find: 'async function settleUnit(',
        replace: `// By the one object that lasts as long as the instance.
const newestBy = new WeakMap<object, Map<string, number>>();

async function settleUnit(
  context: ConsumerContext,
  all: SessionUnit,
  deadlineMs: number,
): Promise<SettledMessage[]> {
  const key = \`\${all.websiteId}:\${all.sessionId}\`;
  const newest = newestBy.get(context.notes) ?? new Map<string, number>();
  newestBy.set(context.notes, newest);
  const newestMs = Math.max(newest.get(key) ?? 0, ...all.messages.map(({ job }) => job.bucketMs ?? 0));
  newest.set(key, newestMs);
  const isSuperseded = ({ job }: DecodedMessage) => job.bucketMs !== undefined && job.bucketMs < newestMs;
  const superseded = all.messages
    .filter(isSuperseded)
    .map(({ message }): SettledMessage => ({ message, outcome: { outcome: 'acknowledged' } }));
  const unit = { ...all, messages: all.messages.filter((each) => !isSuperseded(each)) };
  return [...superseded, ...(unit.messages.length > 0 ? await settleOthers(context, unit, deadlineMs) : [])];
}

async function settleOthers(`,
      },
    ],
    tests: ['test/consumer/batch.test.ts', 'test/chaos/scenarios/scenarios.test.ts'],
  },
];

/** Bugs in what is asked of Crisp, and in what its answers are taken for. */
const FETCH_MUTANTS: readonly Mutant[] = [
  {
    id: 'M6b',
    title: 'No freshness check: an answer without the newest message is announced at once',
    patches: [
      {
        file: 'lib/consumer/refresh.ts',
        find: 'if (!oldest || coversLatestMessage(fetched.conversation, fetched.messages) !== false) return 0;',
        replace:
          'if (!oldest || coversLatestMessage(fetched.conversation, fetched.messages) !== undefined) return 0;',
      },
    ],
    tests: ['test/consumer/refresh.test.ts'],
  },
  {
    id: 'M7',
    title: 'A removal is announced at the first 404',
    patches: [
      {
        file: 'lib/consumer/retry.ts',
        find: '  return missingForMs >= ABSENCE_CONFIRMED_AFTER_MS',
        replace: '  return missingForMs >= 0',
      },
    ],
    tests: ['test/consumer/refresh.test.ts', 'test/consumer/refresh.test.ts'],
  },
  {
    id: 'M10',
    title: 'Every call has a rate limit of its own',
    patches: [
      {
        file: 'lib/crisp/throttle.ts',
        find: '    if (signal?.aborted) return Promise.reject(signal.reason);',
        replace: `    bucket = createTokenBucket({ ratePerSecond, burst, nowMs: clock.nowMs() });
    if (signal?.aborted) return Promise.reject(signal.reason);`,
      },
    ],
    tests: ['test/crisp/throttle.test.ts'],
  },
];

const BACKOFF = 'lib/consumer/retry.ts';

/** Bugs in what becomes of a failure. */
const RETRY_MUTANTS: readonly Mutant[] = [
  {
    id: 'M8',
    title: "A rejected token counts as the session's own failure, and no breaker opens",
    patches: [
      {
        file: 'lib/errors.ts',
        find: "  crisp_auth_failed: { disposition: 'outage',",
        replace: "  crisp_auth_failed: { disposition: 'transient',",
      },
    ],
    tests: [
      'test/breaker/breaker.test.ts',
      'test/breaker/breaker.test.ts',
      'test/consumer/retry.test.ts',
      'test/chaos/scenarios/scenarios.test.ts',
    ],
    faults: ['F46'],
  },
  {
    id: 'M9',
    title: 'The backoff has neither jitter nor a cap',
    patches: [
      {
        file: BACKOFF,
        find: '  const bound = Math.min(MAX_BACKOFF_SECONDS, baseSeconds * 2 ** Math.min(attempt, 20));',
        replace: '  const bound = baseSeconds * 2 ** attempt;',
      },
      {
        file: BACKOFF,
        find: '  const backoff = baseSeconds + random() * Math.max(0, bound - baseSeconds);',
        replace: '  const backoff = bound;',
      },
    ],
    tests: ['test/consumer/retry.test.ts', 'test/consumer/retry.test.ts'],
  },
];

/** Bugs between the archive and the topic. */
const ANNOUNCE_MUTANTS: readonly Mutant[] = [
  {
    id: 'M16',
    title: "The topic's error is swallowed",
    patches: [
      {
        file: 'lib/record/announce.ts',
        find: '    await topic.publish(notice);',
        replace: '    await topic.publish(notice).catch(() => undefined);',
      },
    ],
    tests: ['test/record/announce.test.ts', 'test/record/crashes.test.ts'],
  },
  {
    id: 'M17',
    title: 'A record that was archived counts as announced',
    patches: [
      {
        file: 'lib/record/announce.ts',
        find: '  return latest.announced && latest.content_hash === record.content_hash;',
        replace: '  return latest.content_hash === record.content_hash;',
      },
    ],
    tests: ['test/record/announce.test.ts', 'test/record/crashes.test.ts'],
  },
];

const BATCHES = 'lib/queue/sessions-queue.ts';

/** Bugs in how dead letters, and whatever else is many, are sent. */
const REDRIVE_MUTANTS: readonly Mutant[] = [
  {
    id: 'M2',
    title: 'What the queue names as failed in a batch counts as sent',
    patches: [
      {
        file: BATCHES,
        find: '  if (failed) return toFailed(failed);',
        replace: "  if (failed) return { outcome: 'queued', messageId: id };",
      },
    ],
    tests: ['test/queue/sessions-queue.test.ts'],
    faults: ['F26'],
  },
  {
    id: 'M3',
    title: 'What the queue does not mention in its answer counts as sent',
    patches: [
      {
        file: BATCHES,
        find: "  return messageId ? { outcome: 'queued', messageId } : UNANSWERED;",
        replace: "  return { outcome: 'queued', messageId: messageId ?? id };",
      },
    ],
    tests: ['test/queue/sessions-queue.test.ts'],
    faults: ['F27'],
  },
  {
    id: 'M12',
    title: 'A redrive deletes the dead letter before it sends',
    patches: [
      {
        file: 'lib/dead-letters/redrive-selected.ts',
        find: '  const queued = await send(context, letters, limit);',
        replace: `  await context.queue.delete(letters.map(({ receiptHandle }) => receiptHandle));
  const queued = await send(context, letters, limit);`,
      },
    ],
    tests: ['test/dead-letters/redrive.test.ts'],
  },
];

/** Every bug that this kind of system is known for, by number. */
export const MUTANTS: readonly Mutant[] = [
  ...INTAKE_MUTANTS,
  ...BATCH_MUTANTS,
  ...FETCH_MUTANTS,
  ...RETRY_MUTANTS,
  ...ANNOUNCE_MUTANTS,
  ...REDRIVE_MUTANTS,
].toSorted((a, b) => toNumber(a.id) - toNumber(b.id) || a.id.localeCompare(b.id));

/** `M6` of `M6a` and `M6b`: one bug, read in two ways. */
export function toBug(id: string): string {
  return `M${toNumber(id)}`;
}

function toNumber(id: string): number {
  return Number.parseInt(id.slice(1), 10);
}

/** A bug that is planted on purpose, to see whether the tests notice. */
export interface Mutant {
  /** `M6`; a letter behind it where one bug can be read in two ways. */
  readonly id: string;
  /** What the bug does, in a few words. */
  readonly title: string;
  readonly patches: readonly Patch[];
  /** Files of the ordinary suite that should notice, most likely first. */
  readonly tests: readonly string[];
  /** Faults that bring the bug out, where the chaos runs seldom would by themselves: `F46`. */
  readonly faults?: readonly string[];
}

export interface Patch {
  readonly file: string;
  /** Stands exactly once in the file. */
  readonly find: string;
  readonly replace: string;
}
