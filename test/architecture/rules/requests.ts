import { findImports } from '../source/find-imports.ts';
import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

const NETWORK = new Set([
  'undici',
  'node:http',
  'node:https',
  'node:http2',
  'node:net',
  'node:tls',
  'node:dgram',
]);
// Crisp's client; what asks local mode on this machine, and a stage's own hook URL; and local mode, which is servers.
const SPEAKS_HTTP = [
  'lib/adapters/crisp/',
  'lib/adapters/local-mode-health.ts',
  'lib/adapters/stage-reach.ts',
  'lib/local/',
];

/**
 * Beside the AWS SDK, one client leaves this machine, and it only goes to the configured Crisp. So an address within a
 * conversation (a file, an avatar, a link) is never fetched.
 */
export function checkRequests(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => !SPEAKS_HTTP.some((place) => path.startsWith(place)))
    .flatMap((file) => [
      ...findPattern(withoutTexts(file), /(?<![.\w])fetch\s*\(|\bXMLHttpRequest\b|\bWebSocket\b/g, 'fetches'),
      ...findImports(file)
        .filter(({ specifier }) => NETWORK.has(specifier))
        .map(({ specifier }) => `${file.path} imports ${specifier}`),
    ]);
}

function withoutTexts({ path, text }: SourceFile): SourceFile {
  return { path, text: withoutSegments(text, 'comment', 'text', 'regex') };
}
