import { expect, test } from 'vitest';
import { consumer, problemsOf, webhook } from '../../support/a-configuration.ts';
import { OTHER_WEBSITE_ID, WEBSITE_ID } from '../../support/builders.ts';

const refusedValues: readonly (readonly [variable: string, ...values: string[]])[] = [
  ['COALESCE_SECONDS', '0', '-1', '1.5', 'abc', '1e2', '0x10', '301', '９'],
  ['COALESCE_MARGIN_SECONDS', '0', '301'],
  ['CRISP_REQUESTS_PER_SECOND', '0', '0.0', '-1', 'Infinity', '1001', 'abc'],
  ['CONSUMER_CONCURRENCY', '1', '1001'],
  ['MAX_ATTEMPTS', '0', '20'],
  ['INLINE_LIMIT_BYTES', '262145'],
  ['ENRICH_INCLUDE', 'profiles', 'profile,,pages'],
  ['CRISP_WEBSITE_IDS', 'shop', `${WEBSITE_ID};${OTHER_WEBSITE_ID}`],
  ['CRISP_TIER', 'user'],
  ['LOG_LEVEL', 'verbose'],
  [
    'CRISP_API_URL',
    'http://api.crisp.chat/v1',
    'ftp://127.0.0.1/',
    'api.crisp.chat',
    'https://a@example.com',
    'https://example.com/?a=1',
    'https://example.com/#a',
    'http://127.0.0.1.example.com/',
    'http://localhost.example.com/',
  ],
  ['SESSIONS_QUEUE_URL', 'crisp-enrich-prod-sessions.fifo', 'https://sqs.example.com/standard'],
  ['RECORDS_TOPIC_ARN', 'records', 'arn:aws:sqs:us-east-1:000000000000:records'],
];

for (const [variable, ...values] of refusedValues) {
  test(`${variable} is refused as ${values.join(' | ')}`, () => {
    for (const value of values) {
      expect(problemsOf(() => consumer({ [variable]: value }))).toEqual([`${variable} config_invalid`]);
    }
  });
}

test('triggers are refused where the star is not at the end, or a state stands beside it', () => {
  for (const value of [
    'mes*:send',
    '*:send',
    'session:*=resolved',
    'Message:Send',
    'message:send=',
    '=x',
    'a b',
  ]) {
    expect(problemsOf(() => webhook({ TRIGGER_EVENTS: value }))).toEqual(['TRIGGER_EVENTS config_invalid']);
  }
});

test('triggers are names, names with a state, and beginnings of names', () => {
  const { triggers } = webhook({ TRIGGER_EVENTS: 'message:send, session:set_state=resolved,people:*,*' });

  expect(triggers).toEqual([
    { name: 'message:send', isPrefix: false },
    { name: 'session:set_state', isPrefix: false, state: 'resolved' },
    { name: 'people:', isPrefix: true },
    { name: '', isPrefix: true },
  ]);
});

test('bounds themselves are allowed, and blanks around a value do not count', () => {
  const config = consumer({
    COALESCE_SECONDS: ' 300 ',
    COALESCE_MARGIN_SECONDS: '1',
    INLINE_LIMIT_BYTES: '0',
    CRISP_REQUESTS_PER_SECOND: '0.5',
  });

  expect(config.coalesce).toEqual({ coalesceSeconds: 300, marginSeconds: 1 });
  expect(config).toMatchObject({ inlineLimitBytes: 0, requestsPerSecond: 0.5 });
});

test('a variable that is set to nothing has its default', () => {
  const config = webhook({ COALESCE_SECONDS: '', CRISP_WEBSITE_IDS: ' ', TRIGGER_EVENTS: '' });

  expect(config.coalesce.coalesceSeconds).toBe(60);
  expect(config.triggers).toHaveLength(22);
});

test('website ids are lower-case, each once', () => {
  const { websiteIds } = webhook({
    CRISP_WEBSITE_IDS: `${WEBSITE_ID.toUpperCase()}, ${WEBSITE_ID} ,${OTHER_WEBSITE_ID}`,
  });

  expect(websiteIds).toEqual([WEBSITE_ID, OTHER_WEBSITE_ID]);
});

test('the address of Crisp ends without a slash, and may be plain http on this machine alone', () => {
  const hrefOf = (CRISP_API_URL: string) => consumer({ CRISP_API_URL }).crispApiUrl.href;

  expect(hrefOf('https://example.com/v1//')).toBe('https://example.com/v1');
  expect(hrefOf('http://127.0.0.1:4701/v1/')).toBe('http://127.0.0.1:4701/v1');
  expect(hrefOf('http://[::1]:4701/v1')).toBe('http://[::1]:4701/v1');
  expect(hrefOf('http://localhost:4701/v1')).toBe('http://localhost:4701/v1');
});

test('variables of other parts are not unknown, and those of strangers are none of our business', () => {
  const others = {
    CRISP_DAILY_QUOTA: '5000',
    CRISP_ENRICH_URL: 'http://127.0.0.1:4700',
    API_KEYS: 'x',
    CRISPY: 'x',
    PATH: '/',
  };

  expect(problemsOf(() => webhook(others))).toEqual([]);
});
