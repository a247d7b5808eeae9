import { type SessionRef, toSessionKey, type WebsiteId } from '../../lib/core/ids.ts';

import { createDropDeadLetters } from '../../lib/use-cases/dead-letters/drop-dead-letters.ts';
import { createExplainDeadLetters } from '../../lib/use-cases/dead-letters/explain-dead-letters.ts';
import { createListDeadLetters } from '../../lib/use-cases/dead-letters/list-dead-letters.ts';
import { createPeekDeadLetters } from '../../lib/use-cases/dead-letters/peek-dead-letters.ts';
import { createRedriveAll } from '../../lib/use-cases/dead-letters/redrive-all.ts';
import { createRedriveDeadLetters } from '../../lib/use-cases/dead-letters/redrive-dead-letters.ts';
import { createRedriveSelected } from '../../lib/use-cases/dead-letters/redrive-selected.ts';
import { createShowDeadLetter } from '../../lib/use-cases/dead-letters/show-dead-letter.ts';
import { createSurveyRedrive } from '../../lib/use-cases/dead-letters/survey-redrive.ts';
import { createEnqueueSessions } from '../../lib/use-cases/enqueue-sessions.ts';
import { aSession } from './builders.ts';
import { createMemoryDeadLetterQueue, type StoredLetter } from './memory-dead-letter-queue.ts';
import { createMemoryMessageNotes } from './memory-message-notes.ts';
import { createMemoryMoveTasks } from './memory-move-tasks.ts';
import { createMemoryLookNotes, createMemoryRedriveNotes } from './memory-redrive-notes.ts';
import { createMemoryRunLog } from './memory-run-log.ts';
import { createMemorySessionBatches } from './memory-session-batches.ts';
import { createVirtualClock } from './virtual-clock.ts';

export type DeadLetterScene = ReturnType<typeof createDeadLetterScene>;

const DESTINATION = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions.fifo';
const SOURCE = 'https://sqs.eu-west-1.amazonaws.com/123456789012/crisp-enrich-prod-sessions-dlq.fifo';

export interface DeadLetterSceneOptions {
  /** The website of letters that name none. */
  readonly onlyWebsiteId?: WebsiteId;
  /** What a test puts around the ports of a redrive, so that it dies there. */
  readonly wrap?: <Port extends object>(port: Port) => Port;
  /** For which SQS gives its redrive up. */
  readonly failureReason?: string;
}

/** A dead-letter queue in memory and all that can be done with it. */
export function createDeadLetterScene({
  wrap = (port) => port,
  failureReason,
  onlyWebsiteId,
}: DeadLetterSceneOptions = {}) {
  const clock = createVirtualClock();
  const queue = createMemoryDeadLetterQueue(clock);
  const failureNotes = createMemoryMessageNotes();
  const runLog = createMemoryRunLog();
  const redriveNotes = createMemoryRedriveNotes();
  const lookNotes = createMemoryLookNotes();
  const batches = createMemorySessionBatches();
  const moveTasks = createMemoryMoveTasks({
    take: queue.take,
    ...(failureReason !== undefined && { failureReason }),
  });
  const stop = new AbortController();

  const coalesce = { coalesceSeconds: 60, marginSeconds: 10 };
  const enqueue = createEnqueueSessions({ batches: wrap(batches), coalesce, clock });
  const explain = createExplainDeadLetters({ failureNotes, runHistory: runLog, onlyWebsiteId });
  const peek = createPeekDeadLetters({ queue: wrap(queue), queueReader: queue, explain, lookNotes, clock });
  const list = createListDeadLetters({ peek });
  const redriveSelected = createRedriveSelected({ peek, queue: wrap(queue), enqueue, redriveNotes, clock });

  return {
    clock,
    queue,
    failureNotes,
    runLog,
    redriveNotes,
    lookNotes,
    batches,
    moveTasks,
    stop,
    /** For every call that takes options: those that a test does not care about. */
    usual: { filter: {}, ratePerSecond: 500, maxRedrives: 3, signal: stop.signal },
    list,
    peek,
    redriveSelected,
    show: createShowDeadLetter({ peek }),
    drop: createDropDeadLetters({ peek, queue, clock }),
    deadLetters: createRedriveDeadLetters({
      queues: { sourceUrl: SOURCE, destinationUrl: DESTINATION },
      moveTasks,
      survey: createSurveyRedrive({ list, redriveNotes, clock }),
      redriveAll: createRedriveAll({ moveTasks, queueReader: queue, redriveNotes, list, clock }),
      redriveSelected,
    }),
  };
}

let serial = 0;

/** A message as it lies in the dead-letter queue; its body asks for `session`. */
export function aLetter({
  session = aSession(),
  ...letter
}: Partial<StoredLetter> & { session?: SessionRef } = {}): StoredLetter {
  serial += 1;
  const body = JSON.stringify({ v: 1, ...session, mode: 'incremental', bucketMs: 1_790_855_940_000 });
  return { messageId: `letter-${serial}`, body, group: toSessionKey(session), ...letter };
}

/** As many letters, each of a session of its own. */
export function letters(count: number): StoredLetter[] {
  return Array.from({ length: count }, (_, index) => aLetter({ session: aSession(`session_${index}`) }));
}
