import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createSafeTelemetry } from '../../../lib/adapters/telemetry/safe-telemetry.ts';
import type { TelemetryEvent } from '../../../lib/ports/telemetry.ts';
import { createRecordingTelemetry } from '../../support/recording-telemetry.ts';

const EVENT = { name: 'bad-record', code: 'bad_record', detail: 'a detail' } as const;

/** What is left of an event that a defect may have made of anything. */
function pass(event: object, redact = (text: string) => text): TelemetryEvent | undefined {
  const telemetry = createRecordingTelemetry();
  createSafeTelemetry(telemetry, redact).emit(event as TelemetryEvent);
  return telemetry.events[0];
}

describe('of an event', () => {
  test('what its name lists is passed on, also what is null or false', () => {
    const event = {
      name: 'conversation-fetched',
      websiteId: 'w',
      sessionId: 's',
      messages: 0,
      pages: 1,
      apiCalls: 3,
      durationMs: 12.5,
      terminatedBy: 'http_200',
      coversLatestMessage: null,
    };

    expect(pass(event)).toEqual(event);
    expect(pass({ name: 'breaker-state', isOpen: false, isPaused: true })).toEqual({
      name: 'breaker-state',
      isOpen: false,
      isPaused: true,
    });
  });

  test('nothing else is, however it got there', () => {
    const conversation = { content: 'my parcel', meta: { email: 'ada@example.com' } };

    expect(pass({ ...EVENT, ...conversation, conversation, cause: new Error('my parcel') })).toEqual(EVENT);
    expect(
      pass(Object.create({ content: 'my parcel', toJSON: () => 'my parcel' }, toProperties(EVENT))),
    ).toEqual(EVENT);
  });

  test.each([
    ['an object', { content: 'my parcel' }],
    ['a list', ['my parcel']],
    ['an error', new Error('my parcel')],
    ['a text with properties', Object('my parcel')],
    ['a function', () => 'my parcel'],
    ['a symbol', Symbol('my parcel')],
    ['nothing', undefined],
  ])('a field is left out that has become %s', (_, detail) => {
    expect(pass({ ...EVENT, detail })).toEqual({ name: 'bad-record', code: 'bad_record' });
  });
});

test.each([
  ['a line that is not ours', '\n{"level":"info","message":"all is well"}', '\\u000a{"level"'],
  ['an order to the terminal', 'a\u001b[2Jb', 'a\\u001b[2Jb'],
  ['a turn of the reading direction', 'a\u202eb', 'a\\u202eb'],
])('a text cannot hold %s', (_, detail, shown) => {
  expect(pass({ ...EVENT, detail })).toMatchObject({ detail: expect.stringContaining(shown) });
});

test('a text of a megabyte is 2 KB of log', () => {
  const event = pass({ ...EVENT, detail: 'x'.repeat(1e6) });

  expect(Buffer.byteLength(JSON.stringify(event))).toBeLessThan(2200);
});

test('every text gets a last look, before it is clipped', () => {
  const secret = 'the-secret-at-the-edge';
  const redact = (text: string) => text.replaceAll(secret, '[..]');

  const event = pass({ ...EVENT, code: secret, detail: `${'x'.repeat(2040)}${secret}` }, redact);

  expect(event).toMatchObject({ code: '[..]', detail: `${'x'.repeat(2040)}[..]` });
});

test('whatever is emitted, what is passed on is a line of flat, visible values', () => {
  const event = fc
    .tuple(fc.object(), fc.constantFrom('bad-record', 'job-failed', 'session-enqueued'))
    .map(([fields, name]) => ({ ...fields, code: fields, hint: 'a\u0000b', detail: ['x'], name }));

  fc.assert(
    fc.property(event, (given) => {
      for (const value of Object.values(pass(given) ?? {})) {
        expect(['string', 'number', 'boolean']).toContain(typeof value);
        expect(String(value)).not.toMatch(/[\p{Cc}\p{Cf}]/u);
      }
    }),
  );
});

function toProperties(fields: object): PropertyDescriptorMap {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, { value, enumerable: true }]),
  );
}
