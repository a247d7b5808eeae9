import { interleave, median, noiseOf, runSubject } from './measure.ts';
import type { SuiteResult } from './report.ts';

/** What a hook costs in a warm webhook, beside a plain middy and Powertools handler. */
export async function runHot({ isQuick }: { readonly isQuick: boolean }): Promise<SuiteResult> {
  const rounds = isQuick ? 2000 : 6000;
  const measure = (isPlain: boolean) => async () =>
    (await runSubject<{ cpuUs: number }>('webhook.ts', { isPlain, rounds })).cpuUs;
  const cpu = await interleave(
    { plain: measure(true), ours: measure(false), again: measure(true) },
    isQuick ? 2 : 3,
  );
  const plain = median([...cpu.plain, ...cpu.again]);
  return {
    suite: 'hot',
    noise: noiseOf(cpu.plain, cpu.again),
    goals: [
      {
        id: 'P10',
        what: 'webhook warm ÷ plain handler',
        figure: median(cpu.ours) / plain,
        bound: 1.5,
        missedBecause:
          'The plain handler verifies nothing. Of ours a tenth is the HMAC, a twelfth the body, a fifth a log line of three times the fields.',
      },
    ],
    rows: [
      { subject: 'webhook', what: 'a hook, CPU', value: median(cpu.ours), unit: 'µs' },
      { subject: 'plain middy + Powertools', what: 'a hook, CPU', value: plain, unit: 'µs' },
    ],
  };
}
