#!/usr/bin/env node
// Plain JavaScript on purpose: an older Node must be able to run this file, and to find a newer one. `npx crisp-enrich`
// and npm scripts have node_modules/.bin first on their PATH, where `npm ci` puts Node 24 on Linux; run by its own path,
// this file may meet whatever Node the machine has.
import { spawn } from 'node:child_process';
import { existsSync, realpathSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { setFlagsFromString } from 'node:v8';

const REQUIRED_MAJOR = 24;
const found = process.versions.node;
const own = fileURLToPath(new URL('../../node_modules/.bin/node', import.meta.url));

if (Number(found.split('.')[0]) >= REQUIRED_MAJOR) {
  // A command waits for AWS, not for the processor; without this V8 lets garbage pile up to some hundred MiB while a long
  // queue is listed, and with it the memory stays the same however long that is.
  setFlagsFromString('--optimize-for-size');
  await import('./lean-start.mjs');
  // A release has no TypeScript: Node strips types outside of node_modules only.
  const isSource = existsSync(new URL('./main.ts', import.meta.url));
  await import(isSource ? './main.ts' : '../../dist/cli/main.js');
} else if (existsSync(own) && realpathSync(own) !== realpathSync(process.execPath)) {
  runWith(own);
} else {
  console.error(
    `crisp-enrich needs Node ≥ ${REQUIRED_MAJOR}, found ${found}: install Node ${REQUIRED_MAJOR} and run the command again ` +
      '(on Linux `npm ci` brings it along; check that optional dependencies are not omitted).',
  );
  process.exitCode = 1;
}

function runWith(node) {
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit' });
  // Ctrl-C reaches the child by itself; this process waits for its end and passes its exit code on.
  process.on('SIGINT', () => {});
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  process.on('SIGHUP', () => child.kill('SIGHUP'));
  child.on('exit', (code, signal) => {
    process.exitCode = code ?? 128 + (signal ? constants.signals[signal] : 0);
  });
}
