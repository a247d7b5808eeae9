import type { Mutant } from '../mutant.ts';

/** Bugs between the archive and the topic. */
export const ANNOUNCE_MUTANTS: readonly Mutant[] = [
  {
    id: 'M16',
    title: "The topic's error is swallowed",
    patches: [
      {
        file: 'lib/use-cases/announce/announce-version.ts',
        find: '    await topic.publish(notice);',
        replace: '    await topic.publish(notice).catch(() => undefined);',
      },
    ],
    tests: [
      'test/use-cases/announce/announce-record.test.ts',
      'test/use-cases/announce/announce-crashes.test.ts',
    ],
  },
  {
    id: 'M17',
    title: 'A record that was archived counts as announced',
    patches: [
      {
        file: 'lib/use-cases/announce/announce-record.ts',
        find: '  return latest.announced && latest.content_hash === record.content_hash;',
        replace: '  return latest.content_hash === record.content_hash;',
      },
    ],
    tests: [
      'test/use-cases/announce/announce-record.test.ts',
      'test/use-cases/announce/announce-crashes.test.ts',
    ],
  },
];
