import { expect, test } from 'vitest';
import { parseLocalOptions, UsageError } from '../../lib/local/local-options.ts';

test('without arguments the demo runs on default ports that may give way', () => {
  const options = parseLocalOptions([]);

  expect(options).toEqual({
    demo: true,
    once: false,
    port: { port: 4700, isDefault: true },
    awsPort: { port: 4566, isDefault: true },
    awsEndpointOk: false,
    help: false,
  });
});

test('a port that was asked for is kept, even where it is the default', () => {
  expect(parseLocalOptions(['--port', '4700', '--aws-port=0'])).toMatchObject({
    port: { port: 4700, isDefault: false },
    awsPort: { port: 0, isDefault: false },
  });
});

test.each([
  [['--port', '80'], "--port must be 0 or 1024–65535, got '80'"],
  [['--port', '70000'], "--port must be 0 or 1024–65535, got '70000'"],
  [['--aws-port', 'abc'], "--aws-port must be 0 or 1024–65535, got 'abc'"],
  [['--aws-port', '1e4'], "--aws-port must be 0 or 1024–65535, got '1e4'"],
  [['--once', '--no-demo'], '--once plays the demo, so it cannot go with --no-demo'],
  [['--data='], "--data must be a directory, got ''"],
  [['--bogus'], "Unknown option '--bogus'; see --help"],
])('%j is refused with a sentence', (args, message) => {
  expect(() => parseLocalOptions(args)).toThrow(new UsageError(message));
});
