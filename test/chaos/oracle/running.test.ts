import { describe, expect, test } from 'vitest';
import { judge } from './judge.ts';
import {
  aBody,
  aConversation,
  aFault,
  aReceive,
  aStory,
  broken,
  changed,
  check,
  inserted,
  kept,
  named,
  only,
  SESSION_KEY,
  START_MS,
  type Steps,
  TERMS,
  toHistory,
  unannounced,
  unfetched,
  without,
} from './stories.ts';

describe('bounded load', () => {
  /** Requests of one instance, `gapMs` apart. */
  function requests(
    count: number,
    gapMs: number,
    { instance = 'consumer-1', fromMs = START_MS, by = 'consumer' as 'consumer' | 'probe' } = {},
  ): Steps {
    return Array.from({ length: count }, (_, place) => {
      const atMs = fromMs + place * gapMs;
      const answered = { type: 'crisp-answered', atMs, endedMs: atMs, by, instance, status: 200 } as const;
      return [
        `request ${instance} ${place}`,
        { ...answered, route: 'website', path: '/v1/website' },
      ] as const;
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
  const turned = (to: 'on' | 'off', atMs: number): Steps => [
    [`mapping ${to}`, { type: 'mapping-turned', atMs, to }],
  ];

  const TWO = { consumerInstances: 2 };
  /** The mapping is asked to close at the start; a minute later it is closed. */
  const CLOSED = turned('off', START_MS);

  broken('I6', {
    'where three requests start at once': requests(3, 0),
    'where eleven a second are sent for a minute': requests(660, 1000 / 11),
    'where a burst follows a steady pace': [
      ...requests(50, 100),
      ...requests(5, 1, { fromMs: START_MS + 5_000 }),
    ],
    'where a message is received for the 21st time': received(21),
    'where a sixth attempt is logged': line('{"name":"job-failed","attempt":6}'),
    'where a message is handed out while the mapping is off': [...CLOSED, ...received(1, START_MS + 60_001)],
    'where the consumer calls Crisp when every batch must be over': [
      ...CLOSED,
      ...requests(1, 0, { fromMs: START_MS + 660_001 }),
    ],
  });

  broken(
    'I6',
    {
      'where each of two instances uses the whole rate': [
        ...requests(100, 100),
        ...requests(100, 100, { instance: 'consumer-2', fromMs: START_MS + 50 }),
      ],
      'where instances that come and go use more than the rate together': Array.from(
        { length: 20 },
        (_, place) => requests(30, 200, { instance: `consumer-${place}` }),
      ).flat(),
    },
    TWO,
  );

  test('broken where one of two instances uses the whole rate, and the other none', () => {
    expect(check('I6', requests(100, 100), TWO)).toEqual([expect.stringContaining('consumer-1')]);
  });

  kept('I6', {
    'where two requests start at once and ten a second follow': [...requests(1, 0), ...requests(600, 100)],
    'where a message is received for the 20th time': received(20),
    'where the ledger could not count the attempts': [
      ['fault', aFault('F65', 'ledger')],
      ...line('{"name":"job-failed","attempt":20}'),
    ],
    'where a dead letter is looked at for the 21st time': received(21).map(([name, event]) => [
      name,
      { ...event, queue: 'sessions-dlq' } as typeof event,
    ]),
    'where a fifth attempt is logged': line('{"name":"job-failed","attempt":5}'),
    'where a message is handed out within the minute': [...CLOSED, ...received(1, START_MS + 59_999)],
    'where a message is handed out after the mapping was turned on': [
      ...CLOSED,
      ...turned('on', START_MS + 90_000),
      ...received(1, START_MS + 90_001),
    ],
    'where a batch from before goes on': [...CLOSED, ...requests(1, 0, { fromMs: START_MS + 650_000 })],
    'where the probe calls while the mapping is off': [
      ...CLOSED,
      ...requests(1, 0, { fromMs: START_MS + 900_000, by: 'probe' }),
    ],
  });

  kept(
    'I6',
    {
      'where each of two instances keeps to its half': [
        ...requests(100, 200),
        ...requests(100, 200, { instance: 'consumer-2' }),
      ],
    },
    TWO,
  );

  kept('I6', { 'where requests that left apart arrive together': requests(3, 0) }, { transitJitterMs: 100 });
});

describe('progress', () => {
  const RECEIVED_MS = START_MS + 72_000;

  /** In the batch of the story there was also a message that nobody can read. */
  const WITH_POISON = changed(aStory(), {
    batch: { messageIds: ['message', 'poison'], failedIds: ['poison'] },
  });
  const RETURNED = changed(without(WITH_POISON, 'deleted'), {
    batch: { messageIds: ['message', 'poison'], failedIds: ['message', 'poison'] },
  });

  /** The instance died of the poison before it had begun with the sibling. */
  const KILLED = changed(unfetched(RETURNED), {
    batch: { messageIds: ['message', 'poison'], failedIds: undefined },
  });
  const message = { queue: 'sessions', messageId: 'message', body: aBody() } as const;
  const again = (waitMs: number): Steps => [
    ['again', { type: 'message-received', atMs: RECEIVED_MS + waitMs, ...message, receiveCount: 2 }],
  ];
  const first = { type: 'message-received', ...message, receiveCount: 1 } as const;
  const answered = {
    ...({ type: 'crisp-answered', by: 'consumer', instance: 'consumer-1', status: 302 } as const),
    ...{ route: 'website/conversation', path: '/v1', sessionKey: SESSION_KEY },
  };
  const batch = { type: 'batch-answered', atMs: RECEIVED_MS + 5 } as const;
  const fault = aFault('F64', 'archive', RECEIVED_MS);

  const PERSON = '9f1a2a30-3f20-486a-b577-5aa4c653c48b';
  const withPerson = (steps: Steps): Steps =>
    steps.map(([name, event]) => {
      if (!('body' in event) || event.body === undefined) return [name, event];
      return [name, { ...event, body: event.body.replace('"state"', `"people_id":"${PERSON}","state"`) }];
    });
  const list = { ...answered, route: 'website/conversation/events', status: 200 } as const;
  const profile = {
    ...answered,
    route: 'website/people/profile',
    path: `/v1/${PERSON}`,
    status: 200,
  } as const;
  const { sessionKey: _, ...ofNobody } = profile;
  /**
   * Its conversation and messages are as they were announced before, and then the instance took a call of the day.
   * Runs read a profile and a list here as well.
   */
  function unchanged(used: number, rest: Steps = []): Steps {
    const text = JSON.stringify({ name: 'quota-counted', used, quota: 60 });
    const times = { atMs: START_MS - 1, endedMs: START_MS };
    const earlier = named('-1', aReceive({ suffix: '-1', startMs: START_MS - 3_600_000 }));
    return [
      ['list-1', { ...list, ...times }],
      ['profile-1', { ...ofNobody, ...times }],
      ...withPerson(earlier),
      ...inserted(
        withPerson(unannounced(RETURNED)),
        [...rest, ['count', { type: 'line-written', atMs: RECEIVED_MS + 20, by: 'consumer-1', text }]],
        { before: 'batch' },
      ),
    ];
  }
  const during = { atMs: RECEIVED_MS + 11, endedMs: RECEIVED_MS + 12 };
  const LIST: Steps = [['list', { ...list, ...during }]];
  const PROFILE: Steps = [['profile', { ...ofNobody, ...during }]];

  broken('I9', {
    'where it was unchanged, and the day had calls left': unchanged(60),
    'where it was unchanged and read in full, and the day ended': unchanged(61, [...LIST, ...PROFILE]),
    'where it was announced, and the day ended': inserted(RETURNED, only(unchanged(61), 'count'), {
      before: 'batch',
    }),
    'where it was done and returned with the poison': RETURNED,
    'where it was done, and Crisp had failed for the session of the poison alone': inserted(
      RETURNED,
      { failed: { ...answered, status: 500, sessionKey: 'other', atMs: RECEIVED_MS + 1, endedMs: 0 } },
      { before: 'put' },
    ),
    'where the fault was at another instance': inserted(
      RETURNED,
      { fault: { ...fault, instance: 'consumer-2', sessionKey: SESSION_KEY } },
      { before: 'put' },
    ),
    'where it waits for a day, and the mapping had been off the day before': [
      ['off', { type: 'mapping-turned', atMs: START_MS - 10_000, to: 'off' }],
      ['on', { type: 'mapping-turned', atMs: START_MS - 5_000, to: 'on' }],
      ...KILLED,
      ...again(86_400_000),
    ],
    'where it comes again only after a day': [...KILLED, ...again(86_400_000)],
    'where its own answers were fine and it waits for two hours': [
      ...unannounced(RETURNED),
      ...again(7_200_000),
    ],
  });

  kept('I9', {
    'where the day ended before its list': unchanged(61, PROFILE),
    'where the day ended before its profile': unchanged(61, LIST),
    'where the day ended, and its list has more pages': unchanged(61, [
      ...PROFILE,
      ...changed(LIST, { list: { status: 206 } }),
    ]),
    'where it was acknowledged beside the poison': WITH_POISON,
    'where it comes again after the visibility timeout': [...KILLED, ...again(3_600_000)],
    'where its own archive failed': inserted(
      RETURNED,
      { fault: { ...fault, instance: 'consumer-1' } },
      { before: 'put' },
    ),
    'where its own session failed, and it waits for as long as Crisp asked': [
      ...changed(unannounced(RETURNED), { conversation: { status: 429 } }),
      ...again(30_000_000),
    ],
    'where nothing was handed out meanwhile': [
      ...KILLED,
      ['off', { type: 'mapping-turned', atMs: RECEIVED_MS + 1_000, to: 'off' }],
      ['on', { type: 'mapping-turned', atMs: RECEIVED_MS + 21_000_000, to: 'on' }],
      ...again(21_600_000),
    ],
    'where it had failed for good before, and waits for its end': inserted(
      RETURNED,
      {
        first: { ...first, atMs: RECEIVED_MS - 20_000 },
        failed: { ...answered, atMs: RECEIVED_MS - 10_000, endedMs: RECEIVED_MS - 9_000 },
      },
      { before: 'received' },
    ),
    'where the answer lacked the newest message': changed(RETURNED, {
      conversation: { body: aConversation().replace('"unread":{}', '"preview_message":{"fingerprint":2}') },
    }),
    'where another instance had it at the same time': inserted(
      RETURNED,
      { rival: { ...batch, instance: 'consumer-2', messageIds: ['message'], failedIds: [] } },
      { before: 'put' },
    ),
    'where its time had not come': [
      ...changed(KILLED, { received: { atMs: START_MS + 1 } }),
      ...again(86_400_000),
    ],
  });
});

describe('the budget of a day', () => {
  const DAY_MS = 86_400_000;
  const MIDNIGHT_MS = Math.ceil(START_MS / DAY_MS) * DAY_MS;
  const calls = (count: number, fromMs: number): Steps =>
    Array.from({ length: count }, (_, place) => [
      `call-${fromMs}-${place}`,
      {
        ...({ type: 'crisp-answered', by: 'consumer', instance: 'consumer-1', status: 200 } as const),
        ...{ route: 'website/conversation', path: '/v1', atMs: fromMs + place * 1000, endedMs: fromMs },
      },
    ]);
  const text = '{"name":"quota-reset-learned","resetMinute":420}';
  const learnedMs = MIDNIGHT_MS + 7 * 3_600_000 + 60_000;
  const learned: Steps = [['learned', { type: 'line-written', atMs: learnedMs, by: 'probe-1', text }]];
  const ofSecondDay = calls(50, MIDNIGHT_MS + 8 * 3_600_000);

  broken(
    'I6',
    {
      'one more than the budget': calls(31, MIDNIGHT_MS),
      'one more in the second of two days': [...calls(30, MIDNIGHT_MS - 60_000), ...calls(31, MIDNIGHT_MS)],
      'more than a lease beyond it after an hour was learned': [
        ...learned,
        ...calls(71, MIDNIGHT_MS + 8 * 3_600_000),
      ],
    },
    { dailyQuota: 30 },
  );

  kept(
    'I6',
    {
      'all of it in each of two days': [...calls(30, MIDNIGHT_MS - 60_000), ...calls(30, MIDNIGHT_MS)],
      'a new day at the hour that was learned': [
        ...calls(30, MIDNIGHT_MS),
        ...learned,
        ...ofSecondDay.slice(0, 30),
      ],
      'what is called while the ledger is away': [
        ['fault', aFault('F65', 'ledger')],
        ...calls(40, MIDNIGHT_MS),
      ],
    },
    { dailyQuota: 30 },
  );
});

describe('nothing crashed', () => {
  const line = (text: string) => ({ type: 'line-written', atMs: START_MS, by: 'consumer', text }) as const;
  const killed = (instance: string) =>
    ({ type: 'instance-killed', atMs: START_MS + 80_000, instance, why: 'memory' }) as const;
  const DEFECT = line('{"name":"job-failed","code":"unexpected:TypeError"}');

  broken('I10', {
    'where a delivery has no answer': without(aStory(), 'answered'),
    'where it was refused without a code': changed(aStory(), { answered: { status: 500, body: 'Oops' } }),
    'where the code is that of a defect': changed(aStory(), {
      answered: { status: 500, body: '{"error":"unexpected"}' },
    }),
    'where it was accepted without a disposition': changed(aStory(), { answered: { body: '{}' } }),
    'where it was noted, and the ledger has no person': changed(aStory(), {
      answered: { body: '{"status":"noted"}' },
    }),
    'where it was ignored without a code': changed(aStory(), {
      answered: { status: 200, body: '{"status":"ignored"}' },
    }),
    'where the consumer threw': changed(aStory(), { batch: { failedIds: undefined } }),
    'where another instance was killed': [
      ...changed(aStory(), { batch: { failedIds: undefined } }),
      ['killed', killed('consumer-2')],
    ],
    'where a foreign id was returned': changed(aStory(), { batch: { failedIds: [''] } }),
    'where a defect was logged': [...aStory(), ['line', DEFECT]],
    'where a rejection went unhandled': [...aStory(), ['line', line('Unhandled rejection: x')]],
  });

  kept('I10', {
    'where its person was noted before the answer': [
      ['note', { type: 'note-written', atMs: START_MS, text: '{"pk":{"S":"people-changed"}}' }],
      ...changed(aStory(), { answered: { body: '{"status":"noted"}' } }),
    ],
    'where the function was killed before its answer': [
      ...without(aStory(), 'answered'),
      ['killed', killed('webhook-1')],
    ],
    'where it was refused with a code': changed(aStory(), {
      answered: { status: 401, body: '{"error":"key_missing"}' },
    }),
    'where the consumer was killed': [
      ...changed(aStory(), { batch: { failedIds: undefined } }),
      ['killed', killed('consumer-1')],
    ],
    'where it was ignored with a code': changed(aStory(), {
      answered: { status: 200, body: '{"status":"ignored","code":"no_session"}' },
    }),
    'where a message was returned': changed(aStory(), { batch: { failedIds: ['message'] } }),
    'where a defect was planted': [...aStory(), ['fault', aFault('F22', 'consumer')], ['line', DEFECT]],
    'where the unexpected is only spoken of': [...aStory(), ['line', line('{"code":"unexpected_redirect"}')]],
  });
});

describe('judge', () => {
  test('a run that did nothing broke no promise, and amounts to nothing', () => {
    const { violations, figures } = judge([], TERMS);

    expect(violations).toEqual([]);
    expect(figures).toMatchObject({ accepted: 0, records: 0, removals: 0, deadLetters: 0 });
  });

  test('where every promise is kept there are no violations, and the figures count what was accepted, announced and asked of Crisp', () => {
    const two = [...aStory(), ...aStory({ suffix: '-2', startMs: START_MS + 600_000, fingerprints: [1, 2] })];

    const { violations, figures } = judge(toHistory(two), TERMS);

    expect(violations).toEqual([]);
    expect(figures).toEqual({
      ...{ accepted: 2, records: 2, removals: 0, deadLetters: 0, superseded: 0 },
      ...{ covered: 0, leftOut: 0, mostReceives: 1, crispRequests: 4 },
    });
  });

  test('violations are told in the order of time', () => {
    const lost = without(aStory(), 'sent', 'notice');

    const times = judge(toHistory(lost), TERMS).violations.map(({ atMs }) => atMs);

    expect(times.length).toBeGreaterThan(2);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });
});
