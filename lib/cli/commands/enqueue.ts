import { OperationError } from '../../errors.ts';
import type { FetchMode, SessionRef } from '../../ids.ts';
import type { Operations } from '../../operate/operations.ts';
import { MAX_BATCH_ENTRIES } from '../../queue/coalesce.ts';
import { plural, toVisibleJson } from '../../text.ts';
import { type CommandContext, defineCommand, type Options, toUsageError, value } from '../command.ts';
import { readLines, readSessionLine } from '../files.ts';
import { readSession, readWebsite, type TypedSession, withWebsite } from '../options.ts';

const MODES: readonly FetchMode[] = ['full', 'incremental'];

const OPTIONS = {
  website: value({
    placeholder: 'ID',
    help: 'of the sessions that name none themselves',
    expected: 'the id of a website',
    read: readWebsite,
  }),
  mode: value({
    placeholder: 'MODE',
    help: 'full (default) or incremental',
    expected: 'full or incremental',
    read: (text) => MODES.find((mode) => mode === text),
  }),
  file: value({
    placeholder: 'FILE',
    help: 'a file with a session on each line, or JSON lines as `dlq export` writes them',
    expected: 'a file',
    read: (text) => (text === '' ? undefined : text),
  }),
} satisfies Options;

type Context = CommandContext<typeof OPTIONS>;

export const command = defineCommand({
  options: OPTIONS,
  examples: [
    'enqueue session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881',
    'enqueue --file sessions.txt --stage prod',
  ],
  async run(context) {
    const { options, words, isJson, output, signal, connect } = context;
    if (words.length === 0 && options.file === undefined) {
      throw toUsageError('say which sessions: enqueue SESSION…, or --file FILE');
    }
    const typed = words.map(readSession);
    const operations = await connect();
    const tally = createTally(context, operations);
    for (const session of typed) await tally.add(session);
    if (options.file !== undefined) await addFile(options.file, tally, context);
    await tally.flush();

    const { queued, failed, unreadable } = tally.counts();
    if (isJson) await output.write(`${toVisibleJson({ queued, failed, unreadable })}\n`);
    else
      await output.write(`${plural(queued, 'session')} queued, ${failed} failed, ${unreadable} not read.\n`);
    if (signal.aborted) return 130;
    return failed + unreadable === 0 ? 0 : queued > 0 ? 3 : 1;
  },
});

type Tally = ReturnType<typeof createTally>;

async function addFile(path: string, tally: Tally, { output, signal }: Context): Promise<void> {
  let lines = 0;
  for await (const { number, text } of readLines(path)) {
    if (signal.aborted) return;
    lines += 1;
    try {
      await tally.add(readSessionLine(text));
    } catch (error) {
      if (!(error instanceof OperationError) || error.exitCode !== 2) throw error;
      tally.addUnreadable();
      output.warn(`line ${number}: ${error.message}`);
    }
  }
  if (lines === 0) throw new OperationError('file_unreadable', 'the file is empty: nothing to enqueue');
}

/** Enqueues sessions ten at a time, and counts what became of them. */
function createTally({ options, config, output }: Context, { enqueue: send, listKnownWebsites }: Operations) {
  const choice = {
    given: options.website,
    configured: config.websiteIds,
    known: once(listKnownWebsites),
  };
  let waiting: SessionRef[] = [];
  let counts = { queued: 0, failed: 0, unreadable: 0 };

  async function flush(): Promise<void> {
    const sessions = waiting;
    waiting = [];
    if (sessions.length === 0) return;
    for (const { session, result } of await send(sessions, options.mode ?? 'full')) {
      const outcome = result.outcome === 'queued' ? 'queued' : 'failed';
      counts = { ...counts, [outcome]: counts[outcome] + 1 };
      if (result.outcome === 'failed') output.warn(`${session.sessionId}: not queued (${result.code})`);
    }
  }

  return {
    async add(typed: TypedSession): Promise<void> {
      waiting.push(await withWebsite(typed, choice));
      if (waiting.length === MAX_BATCH_ENTRIES) await flush();
    },
    addUnreadable(): void {
      counts = { ...counts, unreadable: counts.unreadable + 1 };
    },
    flush,
    counts: () => counts,
  };
}

function once<T>(work: () => Promise<T>): () => Promise<T> {
  let result: Promise<T> | undefined;
  return () => {
    result ??= work();
    return result;
  };
}
