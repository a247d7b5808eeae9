import type { Environment } from '../../lib/core/config/environment.ts';
import { parseConsumerConfig } from '../../lib/core/config/parse-consumer-config.ts';
import { parseWebhookConfig } from '../../lib/core/config/parse-webhook-config.ts';
import { ConfigError } from '../../lib/core/errors/config-error.ts';

export const SECRET = 'whsec_9f1c7a52e0b84d36';
export const TOKEN = { CRISP_TOKEN_IDENTIFIER: 'id-of-the-token', CRISP_TOKEN_KEY: 'key-of-the-token' };
export const SESSIONS_QUEUE_URL = 'http://127.0.0.1:4566/000000000000/crisp-enrich-local-sessions.fifo';
export const RESOURCES = {
  SESSIONS_QUEUE_URL,
  SESSIONS_QUEUE_ARN: 'arn:aws:sqs:us-east-1:000000000000:crisp-enrich-local-sessions.fifo',
  CONSUMER_FUNCTION_NAME: 'crisp-enrich-local-consumer',
  RECORDS_TOPIC_ARN: 'arn:aws:sns:us-east-1:000000000000:crisp-enrich-local-records',
  ARCHIVE_BUCKET: 'crisp-enrich-local-archive',
  LEDGER_TABLE: 'crisp-enrich-local-ledger',
};

/** The webhook's configuration from a sound environment and what the test changes of it. */
export function webhook(environment: Environment = {}) {
  return parseWebhookConfig({ CRISP_HOOK_SECRETS: SECRET, SESSIONS_QUEUE_URL, ...environment });
}

/** The same for the consumer. */
export function consumer(environment: Environment = {}) {
  return parseConsumerConfig({ ...TOKEN, ...RESOURCES, ...environment });
}

/** The problems of a configuration as `VARIABLE code`; none where it is sound. */
export function problemsOf(run: () => unknown): string[] {
  try {
    run();
  } catch (error) {
    if (error instanceof ConfigError)
      return error.problems.map(({ variable, code }) => `${variable} ${code}`);
    throw error;
  }
  return [];
}

/** The whole message that a person would read; empty where the configuration is sound. */
export function messageOf(run: () => unknown): string {
  try {
    run();
    return '';
  } catch (error) {
    return error instanceof Error ? error.message : '';
  }
}
