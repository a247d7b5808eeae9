import type { Notice } from '../core/record/to-notice.ts';

/** Where records are announced to whoever subscribes. */
export interface RecordTopic {
  /** Resolves only once the topic has durably taken the notice; rejects with `JobError` `topic_failed` or `downstream_denied` otherwise. */
  publish(notice: Notice): Promise<void>;
}
