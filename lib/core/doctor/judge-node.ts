import type { Finding } from './finding.ts';

// The runtime of the functions, too.
const REQUIRED_MAJOR = 24;

/** `version` as in `process.versions.node`. */
export function judgeNode(version: string): Finding {
  const message = `Node ${version}`;
  if (Number(version.split('.')[0]) >= REQUIRED_MAJOR) return { check: 'node', state: 'ok', message };
  const remedy = `install Node ${REQUIRED_MAJOR}`;
  return { check: 'node', state: 'fail', message: `${message} is older than ${REQUIRED_MAJOR}`, remedy };
}
