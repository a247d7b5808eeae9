import { format } from 'node:util';
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
  // The test runner's console does not write to the streams of the process.
  for (const method of ['debug', 'error', 'info', 'log', 'trace', 'warn'] as const) {
    const spy = vi.spyOn(console, method).mockImplementation((...said) => {
      chunks.push(`${format(...said)}\n`);
    });
    onTestFinished(() => spy.mockRestore());
  }
  const text = () => chunks.join('');
  return { text, lines: () => text().split('\n').filter(Boolean) };
}
