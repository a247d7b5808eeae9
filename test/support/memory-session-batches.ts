import type { CoalescedJob } from '../../lib/core/job/coalesce.ts';
import type { SendResult, SessionBatches } from '../../lib/ports/session-queue.ts';

/** The sessions queue in memory, for many jobs at once. */
export interface MemorySessionBatches extends SessionBatches {
  /** What the queue took, twins included. */
  readonly sent: readonly CoalescedJob[];
  /** Makes the queue refuse a session from now on. */
  refuse(sessionId: string): void;
  /** What happens to each that the queue took, before the sender hears of it. */
  onSent(happen: (job: CoalescedJob) => Promise<void>): void;
}

export function createMemorySessionBatches(): MemorySessionBatches {
  const sent: CoalescedJob[] = [];
  const refused = new Set<string>();
  let happen: (job: CoalescedJob) => Promise<void> = async () => undefined;

  async function send(job: CoalescedJob): Promise<SendResult> {
    if (refused.has(job.job.sessionId)) return { outcome: 'failed', code: 'internal_error', mayRetry: true };
    sent.push(job);
    await happen(job);
    return { outcome: 'queued', messageId: `sent-${sent.length}` };
  }

  return {
    sent,
    refuse(sessionId) {
      refused.add(sessionId);
    },
    onSent(next) {
      happen = next;
    },
    async sendAll(jobs) {
      const results: SendResult[] = [];
      for (const job of jobs) results.push(await send(job));
      return results;
    },
  };
}
