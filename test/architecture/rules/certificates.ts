import { findPattern, type Violation } from '../source/find-pattern.ts';
import { type SourceFile, withoutSegments } from '../source/source-file.ts';

const WEAK_TLS =
  /\brejectUnauthorized\b|\bNODE_TLS_REJECT_UNAUTHORIZED\b|\bcheckServerIdentity\b|\bstrictSSL\b|\binsecureHTTPParser\b|\bsecureProtocol\b|\bminVersion\b|--tls-min-v1\.[01]/g;
// It refuses to start where the variable is set.
const REFUSES_WEAK_TLS = 'lib/core/config/find-platform-problems.ts';

/** Certificates are always checked: what could change that is not even named. */
export function checkCertificates(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => path !== REFUSES_WEAK_TLS)
    .flatMap(({ path, text }) => {
      const spoken = path.endsWith('.ts') ? withoutSegments(text, 'comment') : text;
      return findPattern({ path, text: spoken }, WEAK_TLS, 'touches the check of certificates');
    });
}
