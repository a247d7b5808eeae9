import { describe, expect, test } from 'vitest';
import { START_MS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import type { Steps } from '../stories/steps.ts';

/** Requests of one instance, `gapMs` apart. */
function requests(
  count: number,
  gapMs: number,
  { instance = 'consumer-1', fromMs = START_MS, by = 'consumer' as 'consumer' | 'probe' } = {},
): Steps {
  return Array.from({ length: count }, (_, place) => {
    const atMs = fromMs + place * gapMs;
    const answered = { type: 'crisp-answered', atMs, endedMs: atMs, by, instance, status: 200 } as const;
    return [`request ${instance} ${place}`, { ...answered, route: 'website', path: '/v1/website' }] as const;
  });
}

const line = (text: string): Steps => [
  ['line', { type: 'line-written', atMs: START_MS, by: 'consumer', text }],
];
const received = (receiveCount: number, atMs = START_MS): Steps => [
  [
    'received',
    { type: 'message-received', atMs, queue: 'sessions', messageId: 'message', body: '', receiveCount },
  ],
];
const turned = (to: 'on' | 'off', atMs: number): Steps => [[`tap ${to}`, { type: 'tap-turned', atMs, to }]];
/** The tap is asked to close at the start; a minute later it is closed. */
const CLOSED = turned('off', START_MS);

describe('the load is not bounded', () => {
  test.each<[string, Steps]>([
    ['where three requests start at once', requests(3, 0)],
    ['where eleven a second are sent for a minute', requests(660, 1000 / 11)],
    [
      'where a burst follows a steady pace',
      [...requests(50, 100), ...requests(5, 1, { fromMs: START_MS + 5_000 })],
    ],
    ['where a message is received for the 21st time', received(21)],
    ['where a sixth attempt is logged', line('{"name":"job-failed","attempt":6}')],
    ['where a message is handed out while the tap is closed', [...CLOSED, ...received(1, START_MS + 60_001)]],
    [
      'where the consumer calls Crisp when every batch must be over',
      [...CLOSED, ...requests(1, 0, { fromMs: START_MS + 660_001 })],
    ],
  ])('%s', (_case, steps) => {
    expect(check('I6', steps)).not.toEqual([]);
  });

  test('where each of two instances uses the whole rate', () => {
    const both = [
      ...requests(100, 100),
      ...requests(100, 100, { instance: 'consumer-2', fromMs: START_MS + 50 }),
    ];

    expect(check('I6', both, { consumerInstances: 2 })).not.toEqual([]);
  });

  test('where one of two instances uses the whole rate, and the other none', () => {
    expect(check('I6', requests(100, 100), { consumerInstances: 2 })).toEqual([
      expect.stringContaining('consumer-1'),
    ]);
  });

  test('where instances that come and go use more than the rate together', () => {
    const many = Array.from({ length: 20 }, (_, place) =>
      requests(30, 200, { instance: `consumer-${place}` }),
    ).flat();

    expect(check('I6', many, { consumerInstances: 2 })).not.toEqual([]);
  });
});

describe('the load is bounded', () => {
  test.each<[string, Steps]>([
    ['where two requests start at once and ten a second follow', [...requests(1, 0), ...requests(600, 100)]],
    ['where a message is received for the 20th time', received(20)],
    [
      'where the ledger could not count the attempts',
      [
        ['fault', { type: 'fault-injected', atMs: START_MS, fault: 'F65', place: 'ledger' }],
        ...line('{"name":"job-failed","attempt":20}'),
      ],
    ],
    [
      'where a dead letter is looked at for the 21st time',
      received(21).map(([name, event]) => [name, { ...event, queue: 'sessions-dlq' } as typeof event]),
    ],
    ['where a fifth attempt is logged', line('{"name":"job-failed","attempt":5}')],
    ['where a message is handed out within the minute', [...CLOSED, ...received(1, START_MS + 59_999)]],
    [
      'where a message is handed out after the tap was opened',
      [...CLOSED, ...turned('on', START_MS + 90_000), ...received(1, START_MS + 90_001)],
    ],
    ['where a batch from before goes on', [...CLOSED, ...requests(1, 0, { fromMs: START_MS + 650_000 })]],
    [
      'where the probe calls while the tap is closed',
      [...CLOSED, ...requests(1, 0, { fromMs: START_MS + 900_000, by: 'probe' })],
    ],
  ])('%s', (_case, steps) => {
    expect(check('I6', steps)).toEqual([]);
  });

  test('where each of two instances keeps to its half', () => {
    const both = [...requests(100, 200), ...requests(100, 200, { instance: 'consumer-2' })];

    expect(check('I6', both, { consumerInstances: 2 })).toEqual([]);
  });

  test('where requests that left apart arrive together', () => {
    expect(check('I6', requests(3, 0), { transitJitterMs: 100 })).toEqual([]);
  });
});
