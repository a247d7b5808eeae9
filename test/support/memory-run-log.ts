import { toRunKey, toRunOwner } from '../../lib/adapters/ledger/run-item.ts';
import { clipReason } from '../../lib/core/run/clip-reason.ts';
import type { Run } from '../../lib/core/run/run.ts';
import type { RunHistory, RunLog } from '../../lib/ports/run-log.ts';

export interface MemoryRunLog extends RunLog, RunHistory {
  /** All runs, in the order in which they were recorded. */
  readonly runs: readonly Run[];
}

/** The run log in memory. */
export function createMemoryRunLog(): MemoryRunLog {
  const byKey = new Map<string, Run>();
  const newest = (owner: string, limit: number) =>
    [...byKey]
      .filter(([key]) => key.startsWith(`${owner}/`))
      .sort(([a], [b]) => (a < b ? 1 : -1))
      .slice(0, limit)
      .map(([, run]) => run);

  return {
    get runs() {
      return [...byKey.values()];
    },

    async record(runs) {
      for (const run of runs) {
        const { pk, sk } = toRunKey(run);
        byKey.set(`${pk}/${sk}`, toKept(run));
      }
    },

    ofSession: async (session, { limit }) => newest(toRunOwner(session), limit),
    ofUnreadMessage: async (messageId, { limit }) => newest(toRunOwner(messageId), limit),
  };
}

function toKept({ reason, ...run }: Run): Run {
  return { ...run, ...(reason !== undefined && { reason: clipReason(reason) }) };
}
