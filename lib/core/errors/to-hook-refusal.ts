import { HookRefusedError } from './hook-refused-error.ts';

/**
 * A refusal as it is; anything else is a defect, and is answered with 500 so that Crisp tries again. The log learns
 * where it happened and what it is called; its message could quote anything.
 */
export function toHookRefusal(thrown: unknown): HookRefusedError {
  if (thrown instanceof HookRefusedError) return thrown;
  return new HookRefusedError('unexpected', describe(thrown), { cause: thrown });
}

const STACK_FRAME = /^ {4}at .*:\d+:\d+\)?$/;

function describe(thrown: unknown): string {
  if (!(thrown instanceof Error)) return `${typeof thrown} thrown`;
  const frames = (thrown.stack ?? '').split('\n').filter((line) => STACK_FRAME.test(line));
  return [thrown.name, ...frames.slice(0, 3).map((frame) => frame.trim())].join(' ');
}
