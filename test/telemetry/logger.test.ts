import middy from '@middy/core';
import type { Context } from 'aws-lambda';
import fc from 'fast-check';
import { describe, expect, test, vi } from 'vitest';
import type { LogLevel, Telemetry, TelemetryEvent } from '../../lib/telemetry/events.ts';
import { createPowertoolsTelemetry, createSafeTelemetry } from '../../lib/telemetry/logger.ts';
import { captureOutput } from '../support/cli.ts';
import { createRecordingTelemetry } from '../support/memory.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';

describe('powertools telemetry', () => {
  // The fields that the log takes from it.
  const context = { awsRequestId: 'request-1', functionName: 'webhook' } as Context;

  async function invoke(
    run: (telemetry: Telemetry) => void,
    {
      logLevel = 'info',
      times = 1,
      everyMs = 0,
    }: { logLevel?: LogLevel; times?: number; everyMs?: number } = {},
  ) {
    const clock = createVirtualClock();
    const output = captureOutput();
    const { telemetry, middlewares } = createPowertoolsTelemetry({
      service: 'webhook',
      logLevel,
      namespace: 'a-stage',
      clock,
    });
    const handler = middy(async () => run(telemetry)).use(middlewares);
    for (let time = 0; time < times; time += 1) {
      await handler({ secret: 'in the event' }, context).catch(() => undefined);
      await clock.advance(everyMs);
    }
    const lines = output.lines().map((line) => JSON.parse(line));
    return {
      text: output.text(),
      logs: lines.filter((line) => !('_aws' in line)),
      metrics: lines.filter((line) => '_aws' in line),
    };
  }

  test('an event is one line of the log, with its fields and the id of the invocation', async () => {
    const { logs } = await invoke((telemetry) =>
      telemetry.emit({ name: 'hook-refused', code: 'signature_mismatch', status: 401, detail: 'none fits' }),
    );

    expect(logs).toMatchObject([
      {
        level: 'WARN',
        message: 'hook-refused',
        code: 'signature_mismatch',
        status: 401,
        detail: 'none fits',
        function_request_id: 'request-1',
        service: 'webhook',
      },
    ]);
  });

  test('events are counted by name and by the table part of their code', async () => {
    const { metrics } = await invoke((telemetry) => {
      telemetry.emit({ name: 'hook-ignored', code: 'no_session' });
      telemetry.emit({ name: 'hook-ignored', code: 'no_session' });
      telemetry.emit({ name: 'hook-warning', code: 'content_type:text/plain' });
      telemetry.emit({ name: 'record-unchanged', version: 1, websiteId: 'w', sessionId: 's' });
    });

    expect(metrics).toMatchObject([
      { 'hook-ignored': 2, code: 'no_session', service: 'webhook' },
      { 'hook-warning': 1, code: 'content_type' },
      { 'record-unchanged': 1 },
    ]);
    expect(metrics.map((line) => line._aws.CloudWatchMetrics[0].Dimensions)).toEqual([
      [['service', 'code']],
      [['service', 'code']],
      [['service']],
    ]);
  });

  test('an invocation that fails publishes its counts too, and the next one starts at none', async () => {
    const { metrics } = await invoke(
      (telemetry) => {
        telemetry.emit({ name: 'hook-ignored', code: 'no_session' });
        throw new Error('a defect');
      },
      { times: 2 },
    );

    expect(metrics).toMatchObject([{ 'hook-ignored': 1 }, { 'hook-ignored': 1 }]);
  });

  test('an invocation without events prints nothing', async () => {
    const { text } = await invoke(() => undefined);

    expect(text).toBe('');
  });

  test('the level of the configuration decides which events are logged, and all are counted', async () => {
    const { logs, metrics } = await invoke(
      (telemetry) => telemetry.emit({ name: 'hook-ignored', code: 'no_session' }),
      { logLevel: 'warn' },
    );

    expect(logs).toEqual([]);
    expect(metrics).toHaveLength(1);
  });

  test('the event of the invocation is never logged, even where the environment asks for it', async () => {
    vi.stubEnv('POWERTOOLS_LOGGER_LOG_EVENT', 'true');

    const { text } = await invoke(
      (telemetry) => telemetry.emit({ name: 'hook-ignored', code: 'no_session' }),
      {
        logLevel: 'debug',
      },
    );

    vi.unstubAllEnvs();
    expect(text).not.toContain('in the event');
  });

  test('the breaker is 0 or 1 by service alone, as its alarm asks for it, with a code or without', async () => {
    const { metrics } = await invoke((telemetry) => {
      telemetry.emit({ name: 'breaker-state', isOpen: true, isPaused: false, code: 'crisp_auth_failed' });
    });

    expect(metrics).toMatchObject([{ 'breaker-open': 1, 'consumer-paused': 0, service: 'webhook' }]);
    expect(metrics[0]._aws.CloudWatchMetrics[0].Dimensions).toEqual([['service']]);
  });

  const sumOf = (metrics: Record<string, number>[]) =>
    metrics.reduce((sum, line) => sum + (line['hook-refused'] ?? 0), 0);

  test('of refused hooks the first hundred in a minute are logged, then one in a hundred, and all are counted', async () => {
    const { logs, metrics } = await invoke(
      (telemetry) => telemetry.emit({ name: 'hook-refused', code: 'signature_mismatch', status: 401 }),
      { times: 1050 },
    );

    expect(logs).toHaveLength(100 + 9);
    expect(logs.slice(99, 102).map((line) => line.unlogged)).toEqual([undefined, 99, 99]);
    expect(sumOf(metrics)).toBe(1050);
  });

  test('a minute later refused hooks are logged again, and the first says how many were not', async () => {
    const { logs, metrics } = await invoke(
      (telemetry) => telemetry.emit({ name: 'hook-refused', code: 'key_mismatch', status: 401 }),
      { times: 240, everyMs: 500 },
    );

    // Two a second, for two minutes.
    expect(logs).toHaveLength(100 + 100);
    expect(logs[100]).toMatchObject({ unlogged: 20 });
    expect(sumOf(metrics)).toBe(240);
  });

  test.each(['queue_unavailable', 'unexpected'])(
    'a genuine hook that is refused with %s is always logged',
    async (code) => {
      const { logs } = await invoke(
        (telemetry) => {
          telemetry.emit({ name: 'hook-refused', code: 'signature_missing', status: 401 });
          telemetry.emit({ name: 'hook-refused', code, status: 503 });
        },
        { times: 300 },
      );

      expect(logs.filter((line) => line.code === code)).toHaveLength(300);
    },
  );
});

describe('safe telemetry', () => {
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
});
