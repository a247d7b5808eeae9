import { onTestFinished, vi } from 'vitest';

/** Everything that is written to standard output and error from now to the end of the test. */
export interface CapturedOutput {
  text(): string;
  /** Without empty ones. */
  lines(): string[];
}

export function captureOutput(): CapturedOutput {
  const chunks: string[] = [];
  for (const stream of [process.stdout, process.stderr]) {
    const spy = vi.spyOn(stream, 'write').mockImplementation((chunk) => {
      chunks.push(String(chunk));
      return true;
    });
    onTestFinished(() => spy.mockRestore());
  }
  const text = () => chunks.join('');
  return { text, lines: () => text().split('\n').filter(Boolean) };
}
