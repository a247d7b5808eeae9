/**
 * Everything that a run showed to the outside, in the order in which it happened: what went in, what the fake servers
 * saw and answered, and what the queues did. The oracle reads nothing else.
 */
export type History = readonly HistoryEvent[];

export type HistoryEvent = { readonly atMs: number } & (
  | {
      /** A delivery as Crisp sends it; repeated deliveries of one event share `eventId`. */
      readonly type: 'hook-delivered';
      readonly deliveryId: string;
      readonly eventId: string;
      readonly websiteId: string;
      readonly sessionId: string;
      readonly event: string;
      /** Of the message that the event is about, where it is about one. */
      readonly fingerprint?: number;
      /** False where it must not be accepted: wrong signature, too old, malformed. */
      readonly isGenuine: boolean;
    }
  /** What the webhook answered; a delivery whose function was killed has no answer. */
  | {
      readonly type: 'hook-answered';
      readonly deliveryId: string;
      readonly eventId: string;
      readonly status: number;
      readonly body: string;
    }
  /** The sessions queue took a send; a duplicate has the id of the message that it equals. */
  | {
      readonly type: 'message-sent';
      readonly messageId: string;
      readonly body: string;
      readonly isDuplicate: boolean;
      /** `webhook`, `redrive` (a move or a send of ours), or `stranger` (another producer, also one that sends rubbish). */
      readonly by: 'webhook' | 'redrive' | 'stranger';
      /** The delivery during which the webhook sent it. */
      readonly deliveryId?: string;
    }
  /** `received`: handed out; `deleted`; `dead-lettered`: moved to the dead-letter queue by SQS; `expired`: kept too long. */
  | {
      readonly type: 'message-received' | 'message-deleted' | 'message-dead-lettered' | 'message-expired';
      readonly queue: 'sessions' | 'sessions-dlq';
      readonly messageId: string;
      readonly body: string;
      readonly receiveCount: number;
    }
  /** Crisp's server answered a request, or broke it off; `atMs` is when it arrived there. */
  | {
      readonly type: 'crisp-answered';
      readonly by: 'consumer' | 'probe';
      readonly instance: string;
      /** Path without ids: `website/conversation/messages`, … */
      readonly route: string;
      readonly path: string;
      readonly sessionKey?: string;
      /** 0 where no answer was given. */
      readonly status: number;
      /** Of the fault catalogue (`F31`), where one was injected. */
      readonly fault?: string;
      /** When the last byte was sent, or the connection broken off. */
      readonly endedMs: number;
      /** The text of an answer with 200 or 206, where it was sent in whole: records are held against it. */
      readonly body?: string;
    }
  /** Crisp's own truth changed: the oracle holds records against it. */
  | {
      readonly type: 'crisp-changed';
      readonly sessionKey: string;
      /** Fingerprints of all messages that the conversation now has; null once it is removed. */
      readonly fingerprints: readonly number[] | null;
      /** What names each of them (see `toMessageNames`), where fingerprints may repeat. */
      readonly names?: readonly string[];
    }
  | {
      readonly type: 'object-put';
      readonly key: string;
      readonly body: string;
    }
  /** The topic took a notice for good. */
  | {
      readonly type: 'notice-published';
      readonly body: string;
    }
  /** A message arrived on the records queue (again, where SNS delivered twice). */
  | {
      readonly type: 'record-delivered';
      readonly body: string;
    }
  /** A log line, an error that reached the platform, or a line of a tool: everything that people may see. */
  | {
      readonly type: 'line-written';
      readonly by: string;
      readonly text: string;
    }
  | {
      readonly type: 'instance-killed';
      readonly instance: string;
      readonly why: 'fault' | 'timeout' | 'memory';
    }
  /** What the consumer answered for a batch; `failedIds` undefined where it threw or was killed. */
  | {
      readonly type: 'batch-answered';
      readonly instance: string;
      readonly messageIds: readonly string[];
      readonly failedIds?: readonly string[];
    }
  /** A person acted: started a redrive, paused, changed a token. */
  | {
      readonly type: 'operated';
      readonly action: string;
    }
  /** The event source mapping was asked to stop or to start; it does so within the propagation time. */
  | {
      readonly type: 'mapping-turned';
      readonly to: 'on' | 'off';
    }
  /** Something other than an answer of Crisp's was disturbed: a call to AWS, a clock, a delivery. */
  | {
      readonly type: 'fault-injected';
      /** Of the fault catalogue: `F48`. */
      readonly fault: string;
      /** Where it struck: `archive`, `topic`, `ledger`, `queue`, `secrets`, `clock`, … */
      readonly place: string;
      /** The instance whose call it was, where it was one's. */
      readonly instance?: string;
      readonly sessionKey?: string;
    }
  /** The ledger took a note; the text of all that was written, for the search for what must not be there. */
  | {
      readonly type: 'note-written';
      readonly text: string;
    }
);

/** The numbers in which the promises are stated: what the run was configured with, and what must not be seen in it. */
export interface Terms {
  /** B: an event's bucket was computed before its bucket's end. */
  readonly coalesceSeconds: number;
  /** Over all instances of the consumer. */
  readonly requestsPerSecond: number;
  /** How many instances of the consumer share that rate. */
  readonly consumerInstances: number;
  /** How often SQS hands out a message before it moves it. */
  readonly receiveLimit: number;
  readonly maxAttempts: number;
  /** Calls in a day; undefined: more than a run makes. */
  readonly dailyQuota?: number | undefined;
  readonly visibilityTimeoutMs: number;
  /** How long one invocation of the consumer may run. */
  readonly functionTimeoutMs: number;
  /** By how much longer than another a request may be on its way to Crisp: what left apart may arrive together. */
  readonly transitJitterMs: number;
  /** How long the event source mapping goes on after it was asked to stop. */
  readonly mappingPropagationMs: number;
  /** Must appear nowhere that people, queues or the ledger see, and in no record. */
  readonly secrets: readonly string[];
  /** Text and contact data of conversations: in records only. */
  readonly canaries: readonly string[];
}

export type InvariantId = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10';

/** A promise that a run broke. */
export interface Violation {
  readonly invariant: InvariantId;
  /** When it could first be seen, epoch ms. */
  readonly atMs: number;
  /** One sentence for whoever replays the run. */
  readonly text: string;
}
