import {
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { expect } from 'vitest';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { parseLocalConfig } from '../../lib/core/config/parse-local-config.ts';
import { toInfraSettings } from '../../lib/core/config/to-infra-settings.ts';
import type { SessionRef } from '../../lib/core/ids.ts';
import type { EnrichedRecord } from '../../lib/core/record/schema.ts';
import { parseLocalOptions } from '../../lib/local/local-options.ts';
import { type LocalMode, startLocalMode } from '../../lib/local/start-local-mode.ts';
import { openTerminal } from '../../lib/local/terminal/open-terminal.ts';
import type { RunTotals } from '../../lib/local/terminal/run-totals.ts';
import { signHookRequest } from './sign-hook-request.ts';

export const HOOK_SECRET = 'a-hook-secret-for-tests-long-enough-for-urls';

/** Local mode on free ports with short buckets, and the hands and eyes of a test. */
export interface LocalScene {
  readonly mode: LocalMode;
  /** What the pipeline counted. */
  totals(): RunTotals;
  /** All that the terminal showed. */
  readonly shown: readonly string[];
  /** Posts a signed event of a session; resolves with the status. */
  hook(session: SessionRef): Promise<number>;
  /** Puts a message onto the sessions queue past the webhook. */
  enqueue(body: string, groupId?: string): Promise<void>;
  /** The next records on the records queue, acknowledged as they come. */
  receiveRecords(count: number): Promise<EnrichedRecord[]>;
  /** The next message of a queue, left in flight. */
  receiveFrom(queueUrl: string): Promise<Message>;
  stop(): Promise<void>;
}

export interface LocalSceneOptions {
  readonly env?: Record<string, string>;
  readonly args?: readonly string[];
}

export async function startLocalScene({ env = {}, args = [] }: LocalSceneOptions = {}): Promise<LocalScene> {
  const environment = {
    CRISP_HOOK_SECRETS: HOOK_SECRET,
    COALESCE_SECONDS: '1',
    COALESCE_MARGIN_SECONDS: '1',
    RETRY_BASE_SECONDS: '1',
    ...env,
  };
  const shown: string[] = [];
  const terminal = openTerminal({ write: (text) => shown.push(text), clock: systemClock });
  const mode = await startLocalMode({
    options: parseLocalOptions(['--port', '0', '--aws-port', '0', ...args]),
    config: parseLocalConfig(environment),
    settings: toInfraSettings(environment, { isLocal: true, archiveBucketSuffix: '' }),
    givenEndpoints: {},
    clock: systemClock,
    terminal,
  });
  const { sqs } = mode.aws.clients;
  const { sessions, records } = mode.health.queues;

  async function receiveFrom(queueUrl: string): Promise<Message> {
    for (let polls = 0; polls < 5; polls++) {
      const { Messages = [] } = await sqs.send(
        new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: 10, MaxNumberOfMessages: 1 }),
      );
      if (Messages[0]) return Messages[0];
    }
    throw new Error(`nothing came on ${queueUrl}; the terminal showed:\n${shown.join('')}`);
  }

  return {
    mode,
    totals: terminal.totals,
    shown,
    receiveFrom,
    async hook(session) {
      const request = signHookRequest(session, { secret: HOOK_SECRET, nowMs: systemClock.nowMs() });
      const response = await fetch(mode.health.webhook, request);
      return response.status;
    },
    async enqueue(body, groupId = 'by-hand') {
      const MessageDeduplicationId = crypto.randomUUID();
      const message = {
        QueueUrl: sessions,
        MessageBody: body,
        MessageGroupId: groupId,
        MessageDeduplicationId,
      };
      await sqs.send(new SendMessageCommand(message));
    },
    async receiveRecords(count) {
      const received: EnrichedRecord[] = [];
      while (received.length < count) {
        const { Body = '', ReceiptHandle } = await receiveFrom(records);
        received.push(JSON.parse(Body));
        await sqs.send(new DeleteMessageCommand({ QueueUrl: records, ReceiptHandle }));
      }
      return received;
    },
    async stop() {
      terminal.stop();
      await mode.stop();
    },
  };
}

/** The simulator of a scene; fails the test where Crisp is another server. */
export function simulatorOf({ mode }: LocalScene) {
  expect(mode.crisp).toBeDefined();
  if (!mode.crisp) throw new Error('no simulator');
  return mode.crisp.simulator;
}
