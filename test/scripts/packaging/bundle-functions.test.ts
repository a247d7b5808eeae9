import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { bundleFunctions } from '../../../scripts/packaging/bundle-functions.ts';

let root: string;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'crisp-enrich-bundle-'));
  await mkdir(join(root, 'functions'));
  await symlink(join(import.meta.dirname, '../../../node_modules'), join(root, 'node_modules'));
});

afterEach(() => rm(root, { recursive: true, force: true }));

test("Node's own modules work however they are imported, and node:http does not load undici", async () => {
  await writeFunction(`
    import http, { request } from 'node:http';
    import * as path from 'path';
    import { readFile } from 'node:fs/promises';
    const undici = process.moduleLoadList.filter((name) => name.includes('undici'));
    console.log(http.request === request, path.sep, typeof readFile, undici.length);
  `);

  expect(await runBundle()).toBe('true / function 0');
});

test('a CommonJS package finds the modules of Node that it requires', async () => {
  await writeFile(
    join(root, 'old.cjs'),
    "module.exports = require('os').EOL + typeof require('node:util').inspect;",
  );
  await writeFunction("import old from '../old.cjs'; console.log(JSON.stringify(old));");

  expect(await runBundle()).toBe('"\\nfunction"');
});

test("undici's pool works without the rest of undici", async () => {
  const server = createServer((_request, response) => response.end('answered')).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  // A server that listens on a port has an address with a port.
  const { port } = server.address() as AddressInfo;
  await writeFunction(`
    import { Pool } from 'undici';
    const pool = new Pool('http://127.0.0.1:${port}');
    const { statusCode, body } = await pool.request({ path: '/', method: 'GET' });
    console.log(statusCode, await body.text());
    await pool.close();
  `);

  const printed = await runBundle();
  server.close();

  expect(printed).toBe('200 answered');
});

test('what undici is not bundled with cannot be imported unnoticed', async () => {
  await writeFunction("import { MockAgent } from 'undici'; console.log(MockAgent);");

  await expect(bundleFunctions(root)).rejects.toThrow('MockAgent');
});

test('the shares of the packages add up to nearly the whole', async () => {
  await writeFunction("import * as z from 'zod/mini'; console.log(z.string().parse('a'));");

  const [bundle] = await bundleFunctions(root);

  expect(bundle?.packages.map(({ name }) => name).sort()).toEqual(['crisp-enrich', 'zod']);
  const sum = bundle?.packages.reduce((total, { bytes }) => total + bytes, 0) ?? 0;
  expect(sum / (bundle?.code.length ?? 0)).toBeGreaterThan(0.9);
});

function writeFunction(source: string): Promise<void> {
  return writeFile(join(root, 'functions/example.ts'), source);
}

/** Runs the one bundle in a process of its own; returns what it printed. */
async function runBundle(): Promise<string> {
  const [bundle] = await bundleFunctions(root);
  await writeFile(join(root, 'bundle.mjs'), bundle?.code ?? '');
  const { stdout } = await promisify(execFile)(process.execPath, [join(root, 'bundle.mjs')], {
    timeout: 10_000,
  });
  return stdout.trim();
}
