/** What may be told of a mistake of ours: what it is called and where it happened. Its message could quote anything. */
export interface DefectDescription {
  readonly name: string;
  /** The innermost three places, one after the other; empty where there are none. */
  readonly where: string;
}

const STACK_FRAME = /^ {4}at .*:\d+:\d+\)?$/;

/** Describes whatever was thrown. Never throws itself, also where a property of the thing does. */
export function describeDefect(thrown: unknown): DefectDescription {
  if (!(thrown instanceof Error)) return { name: thrown === null ? 'null' : typeof thrown, where: '' };
  try {
    const frames = String(thrown.stack ?? '')
      .split('\n')
      .filter((line) => STACK_FRAME.test(line));
    return {
      name: thrown.constructor.name,
      where: frames
        .slice(0, 3)
        .map((frame) => frame.trim())
        .join(' '),
    };
  } catch {
    return { name: 'Error', where: '' };
  }
}
