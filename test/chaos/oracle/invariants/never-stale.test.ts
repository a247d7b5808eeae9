import { describe, expect, test } from 'vitest';
import { aPage, aRecord, aRemovedRecord, SESSION_KEY } from '../stories/a-record.ts';
import { aStory, START_MS } from '../stories/a-story.ts';
import { check } from '../stories/check.ts';
import { changed, inserted, type Steps, without } from '../stories/steps.ts';

const FETCH_MS = START_MS + 72_010;
const LATER_MS = START_MS + 600_000;
const SECOND = aStory({ suffix: '-2', startMs: LATER_MS, fingerprints: [1, 2], instance: 'consumer-2' });
const BOTH: Steps = [...aStory(), ...SECOND];

/** As if the first fetch had been the slower one, and had taken a version behind the second's. */
const overtaken = (version: number): Steps => {
  const late = aRecord({ version, fingerprints: [1] });
  const steps = [...without(BOTH, 'put', 'notice', 'record', 'batch', 'deleted')];
  const put = { type: 'object-put', atMs: LATER_MS + 80_000, key: 'records/late', body: late } as const;
  return [
    ...steps,
    ['put', put],
    ['notice', { type: 'notice-published', atMs: LATER_MS + 80_000, body: late }],
  ];
};

const notCovering = (receiveCount: number): Steps => {
  const body = aRecord({ version: FETCH_MS, fingerprints: [1], coversLatest: false });
  const steps = changed(changed(aStory({ receiveCount }), 'notice', { body }), 'put', { body });
  return changed(steps, 'record', { body });
};

const missing = {
  status: 404,
  route: 'website/conversation',
  body: undefined,
};
/** The second message finds the conversation gone. */
const REMOVED = changed(
  changed(without(BOTH, 'messages-2', 'put-2', 'record-2'), 'conversation-2', missing),
  'notice-2',
  { body: aRemovedRecord(LATER_MS + 72_010) },
);

describe('a reader goes back', () => {
  test.each<[string, Steps]>([
    ['where a slower fetch took a higher version', overtaken(LATER_MS + 72_011)],
    [
      'where one version has two contents',
      [
        ...aStory(),
        [
          'twin',
          {
            type: 'notice-published',
            atMs: LATER_MS,
            body: aRecord({ version: FETCH_MS, fingerprints: [] }),
          },
        ],
      ],
    ],
    [
      'where a newer version lacks a message that Crisp still has',
      [
        ...aStory({ fingerprints: [1, 2] }),
        ...changed(aStory({ suffix: '-2', startMs: LATER_MS, fingerprints: [2] }), 'changed-2', {
          fingerprints: [1, 2],
        }),
      ],
    ],
    [
      'where an archived version was changed',
      [...aStory(), ...changed(aStory(), 'put', { body: '{}' }).filter(([name]) => name === 'put')],
    ],
    [
      'where a removal was seen before the record was fetched, and has the higher version',
      changed(REMOVED, 'conversation-2', { atMs: FETCH_MS - 1_000 }),
    ],
    [
      'where a record and a removal have one version',
      [...aStory(), ['gone', { type: 'notice-published', atMs: LATER_MS, body: aRemovedRecord(FETCH_MS) }]],
    ],
    ['where the newest message was missing at the third look', notCovering(3)],
    [
      'where a record that was fetched before the removal was seen has a version behind it',
      inserted(
        changed(REMOVED, 'notice-2', { body: aRemovedRecord(FETCH_MS - 1) }),
        [['latest', { type: 'object-put', atMs: LATER_MS, key: 'latest/x', body: '' }]],
        { before: 'conversation-2' },
      ),
    ],
    [
      'where a record from before a removal has a version behind it',
      changed(changed(REMOVED, 'notice-2', { body: aRemovedRecord(FETCH_MS - 1) }), 'conversation-2', {
        atMs: FETCH_MS + 100,
      }),
    ],
  ])('%s', (_case, steps) => {
    expect(check('I8', steps)).not.toEqual([]);
  });
});

describe('a reader never goes back', () => {
  test.each<[string, Steps]>([
    ['where versions follow the fetches', BOTH],
    ['where a slower fetch has the lower version', overtaken(FETCH_MS)],
    [
      'where the same content was announced again as a new version',
      [...aStory(), ...aStory({ suffix: '-2', startMs: LATER_MS })],
    ],
    [
      'where Crisp lost a message',
      [
        ...aStory({ fingerprints: [1, 2] }),
        ...aStory({ suffix: '-2', startMs: LATER_MS, fingerprints: [2] }),
      ],
    ],
    [
      'where the older content came from a cache of Crisp',
      changed(
        [
          ...aStory({ fingerprints: [1, 2] }),
          ...changed(aStory({ suffix: '-2', startMs: LATER_MS, fingerprints: [2] }), 'changed-2', {
            fingerprints: [1, 2],
          }),
        ],
        'messages-2',
        { fault: 'F39', body: aPage([2]) },
      ),
    ],
    ['where the newest message was missing at the fourth look', notCovering(4)],
    [
      'where the looks could not be counted, because the ledger had trouble',
      [
        ['fault', { type: 'fault-injected', atMs: START_MS, fault: 'F65', place: 'ledger' }],
        ...notCovering(1),
      ],
    ],
    ['where a removal follows the record', REMOVED],
    ['where a removal was published twice', [...REMOVED, ...REMOVED.filter(([name]) => name === 'notice-2')]],
    [
      'where Crisp lost a message while it was fetched',
      inserted(
        [
          ...aStory({ fingerprints: [1, 2] }),
          ...changed(aStory({ suffix: '-2', startMs: LATER_MS, fingerprints: [2] }), 'changed-2', {
            fingerprints: [1, 2],
          }),
        ],
        [
          [
            'lost',
            { type: 'crisp-changed', atMs: LATER_MS + 72_012, sessionKey: SESSION_KEY, fingerprints: [2] },
          ],
        ],
        { before: 'put-2' },
      ),
    ],
    [
      'where an archived version was put again as it was',
      [...aStory(), ...aStory().filter(([name]) => name === 'put')],
    ],
    [
      'where the conversation came back after its removal',
      inserted(
        [...REMOVED, ...aStory({ suffix: '-3', startMs: LATER_MS + 600_000, fingerprints: [3] })],
        [
          [
            'back',
            { type: 'crisp-changed', atMs: LATER_MS + 300_000, sessionKey: SESSION_KEY, fingerprints: [3] },
          ],
        ],
        { after: 'notice-2' },
      ),
    ],
  ])('%s', (_case, steps) => {
    expect(check('I8', steps)).toEqual([]);
  });
});
