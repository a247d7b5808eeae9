import { WEBSITE_ID } from '../support/builders.ts';
import { HOSTILE_SESSION_IDS, HOSTILE_VALUES, HOSTILE_WEBSITE_IDS } from '../support/hostile.ts';

/**
 * A body that somebody put onto the sessions queue, and the reason for which no attempt can help. `row` is its
 * number among the queue's messages.
 */
type QueueRow = readonly [row: string, title: string, reason: string, body: string];

const ids = { websiteId: WEBSITE_ID, sessionId: 'session_abc' };
const json = (value: unknown) => JSON.stringify(value);
const show = (value: unknown) => json(value).slice(0, 60);

export const POISON: readonly QueueRow[] = [
  ['Q1', 'an empty body', 'malformed_message', ''],
  ['Q1', 'a body that is not JSON', 'malformed_message', 'hello'],
  ['Q1', 'JSON that breaks off', 'malformed_message', json(ids).slice(0, -1)],
  ['Q1', 'a byte order mark', 'malformed_message', `\ufeff${json(ids)}`],
  ['Q1', 'a list', 'malformed_message', json([ids])],
  ['Q1', 'null', 'malformed_message', 'null'],
  ['Q1', 'a number', 'malformed_message', '7'],
  ['Q12', 'a mebibyte of blanks', 'malformed_message', ' '.repeat(1024 * 1024)],
  ['Q12', 'half a million open brackets', 'malformed_message', '['.repeat(500_000)],

  ['Q2', 'a version of the future', 'unsupported_version', json({ v: 99, ...ids })],
  ...['1', '2', null, 0, -1, 1.5, true, [1], {}].map(
    (v): QueueRow => ['Q14', `the version ${show(v)}`, 'malformed_message', json({ v, ...ids })],
  ),

  ['Q3', 'no session', 'missing_field:sessionId', json({ v: 1, websiteId: WEBSITE_ID })],
  ['Q3', 'a session that is null', 'missing_field:sessionId', json({ ...ids, sessionId: null })],
  ['Q3', 'no website, while there are several', 'website_id_required', json({ sessionId: 'session_abc' })],
  ['Q3', 'a session hidden in a prototype', 'missing_field:sessionId', aHiddenSession()],

  ...[...HOSTILE_SESSION_IDS, ...HOSTILE_VALUES].map((sessionId) => withHostile({ sessionId }, 'session')),
  ...[...HOSTILE_WEBSITE_IDS, ...HOSTILE_VALUES].map((websiteId) => withHostile({ websiteId }, 'website')),

  [
    'Q5',
    'an SNS envelope',
    'unexpected_envelope:sns',
    json({ Type: 'Notification', TopicArn: 'arn:aws:sns:eu-west-1:123456789012:t', Message: json(ids) }),
  ],
  ['Q5', 'an S3 event', 'unexpected_envelope:s3', json({ Records: [{ eventSource: 'aws:s3', s3: {} }] })],
  ['Q5', "S3's test event", 'unexpected_envelope:s3', json({ Service: 'Amazon S3', Event: 's3:TestEvent' })],
  [
    'Q5',
    'an EventBridge event',
    'unexpected_envelope:eventbridge',
    json({ version: '0', source: 'aws.ec2', 'detail-type': 'x', detail: ids }),
  ],
  ...[{ session_id: 'session_abc', website_id: WEBSITE_ID }, {}, null, []].map(
    (data): QueueRow => [
      'Q15',
      `a web hook of Crisp with the data ${show(data)}`,
      'unexpected_envelope:crisp_hook',
      json({ website_id: WEBSITE_ID, event: 'message:send', data, timestamp: 1_790_856_000_000 }),
    ],
  ),
];

function withHostile(id: Readonly<Record<string, unknown>>, of: string): QueueRow {
  const [value] = Object.values(id);
  return ['Q4', `the ${of} ${show(value)}`, `${of}_id_invalid`, json({ ...ids, ...id })];
}

function aHiddenSession(): string {
  return `{"v":1,"websiteId":"${WEBSITE_ID}","__proto__":{"sessionId":"session_abc"}}`;
}
