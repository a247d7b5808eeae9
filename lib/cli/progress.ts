import type { CommandContext } from './command.ts';
import { formatDuration } from './output.ts';

/** How far a long work has come. */
interface Step {
  /** What was done, counted in the unit of the work. */
  readonly done: number;
  /** Of the whole, from 0 to 1; undefined: nobody knows how much there is. */
  readonly share?: number | undefined;
}

interface Progress {
  show(step: Step): void;
  /** Takes the bar away. */
  end(): void;
}

// Where no terminal shows a bar: a line for a log.
const TELL_EVERY_MS = 5000;
const STEPS = 1000;

/**
 * Shows on standard error how far a work has come, at what rate, and how long the rest takes at that: a bar on a terminal,
 * a line every few seconds elsewhere, nothing in the form for programs.
 */
export async function openProgress(
  { output, clock, isJson }: Pick<CommandContext, 'output' | 'clock' | 'isJson'>,
  { what }: { readonly what: string },
): Promise<Progress> {
  if (isJson) return { show: () => undefined, end: () => undefined };
  const startMs = clock.nowMs();
  if (output.terminal === undefined) {
    let toldMs = startMs;
    return {
      show(step) {
        if (clock.nowMs() - toldMs < TELL_EVERY_MS) return;
        toldMs = clock.nowMs();
        output.warn(toLine(step, { what, tookMs: toldMs - startMs }));
      },
      end: () => undefined,
    };
  }
  const { SingleBar } = (await import('cli-progress')).default;
  const bar = new SingleBar({
    stream: output.terminal,
    format: '[{bar}] {percentage} %  {line}',
    barCompleteChar: '#',
    barIncompleteChar: '.',
    barsize: 24,
    clearOnComplete: true,
    hideCursor: true,
    linewrap: false,
  });
  bar.start(STEPS, 0, { line: `0 ${what}` });
  return {
    show(step) {
      const line = toLine(step, { what, tookMs: clock.nowMs() - startMs });
      bar.update(Math.min(STEPS, Math.floor((step.share ?? 0) * STEPS)), { line });
    },
    end: () => bar.stop(),
  };
}

function toLine({ done, share }: Step, { what, tookMs }: { what: string; tookMs: number }): string {
  const perSecond = tookMs > 0 ? ((done * 1000) / tookMs).toFixed(1) : '0.0';
  const left = share === undefined || share <= 0 ? '-' : formatDuration((tookMs * (1 - share)) / share);
  return `${done} ${what}, ${perSecond}/s, ${left} left`;
}
