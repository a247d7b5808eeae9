import { describeDefect } from './describe-defect.ts';
import { HookRefusedError } from './hook-refused-error.ts';

/**
 * A refusal as it is; anything else is a defect, and is answered with 500 so that Crisp tries again. The log learns
 * where it happened and what it is called; its message could quote anything.
 */
export function toHookRefusal(thrown: unknown): HookRefusedError {
  if (thrown instanceof HookRefusedError) return thrown;
  return new HookRefusedError('unexpected', describe(thrown), { cause: thrown });
}

function describe(thrown: unknown): string {
  const { name, where } = describeDefect(thrown);
  return where === '' ? `${name} thrown` : `${name} ${where}`;
}
