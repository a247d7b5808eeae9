import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type EmbeddedAws, startEmbeddedAws } from '../../lib/local/aws/embedded-aws.ts';
import { createLocalAwsClients } from '../../lib/local/aws/endpoints.ts';
import { createVirtualClock } from '../support/virtual-clock.ts';
import { ALL_BEHAVIOURS } from './all-behaviours.ts';
import type { ConformanceTarget } from './behaviour.ts';

describe('embedded aws', () => {
  const clock = createVirtualClock();
  let aws: EmbeddedAws;
  let target: ConformanceTarget;

  beforeAll(async () => {
    aws = await startEmbeddedAws({ clock });
    let names = 0;
    target = {
      ...createLocalAwsClients(aws.endpoints),
      pass: (seconds) => clock.advance(seconds * 1000),
      patienceSeconds: 0,
      longestPassSeconds: Number.POSITIVE_INFINITY,
      name(base) {
        names += 1;
        return `${base}-${names}`;
      },
      onEnd() {}, // It all ends with the process.
    };
  });

  afterAll(async () => {
    target.destroy();
    await aws.stop();
  });

  describe.each(Object.entries(ALL_BEHAVIOURS))('embedded %s', (_service, behaviours) => {
    test.each(behaviours)('$title', ({ run }) => run(target));
  });
});

describe('documented', () => {
  const PAGE = new URL('../../docs/local-aws.md', import.meta.url);

  /** The first column of the table of behaviours, without the headings within it. */
  function documentedTitles(): string[] {
    const [, section = ''] = readFileSync(PAGE, 'utf8').split('## Behaviour that the pipeline relies on');
    const [table = ''] = section.split('\n## ');
    const rows = table.split('\n').filter((line) => line.startsWith('| ') && !line.startsWith('| **'));
    return rows.slice(1).map((row) => row.split(' | ')[0]?.slice(2) ?? '');
  }

  test('docs/local-aws.md lists the behaviours of the suite, all of them and no others', () => {
    const titles = Object.values(ALL_BEHAVIOURS).flatMap((behaviours) =>
      behaviours.map(({ title }) => title),
    );

    expect(documentedTitles().sort()).toEqual(titles.sort());
  });
});
