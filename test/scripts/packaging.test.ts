import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { crc32, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { bundleFunctions } from '../../scripts/packaging/bundle-functions.ts';
import { toZip } from '../../scripts/packaging/package-service.ts';

describe('bundle functions', () => {
  let root: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'crisp-enrich-bundle-'));
    await mkdir(join(root, 'functions'));
    await symlink(join(import.meta.dirname, '../../node_modules'), join(root, 'node_modules'));
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
});

describe('to zip', () => {
  test('what is packed comes out again, by the directory at the end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 2000 }), (content) => {
        expect(readZip(toZip('functions/a.mjs', content))).toEqual([
          { path: 'functions/a.mjs', content: Buffer.from(content).toString('hex') },
        ]);
      }),
    );
  });

  test('the same content gives the same bytes on every day', () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    onTestFinished(() => void vi.useRealTimers());
    const pack = (date: string) => {
      vi.setSystemTime(new Date(date));
      return toZip('functions/a.mjs', Buffer.from('export {};'));
    };

    expect(pack('2026-11-29T17:00:00Z')).toEqual(pack('2027-01-01T00:00:02Z'));
  });

  test('a file in the archive may be read by everybody, as Lambda needs it', () => {
    const zip = Buffer.from(toZip('a', Buffer.from('a')));
    const directory = zip.readUInt32LE(zip.length - 6);

    expect(zip.readUInt32LE(directory + 38) >>> 16).toBe(0o100644);
  });

  function readZip(bytes: Uint8Array): { path: string; content: string }[] {
    const zip = Buffer.from(bytes);
    const count = zip.readUInt16LE(zip.length - 12);
    let at = zip.readUInt32LE(zip.length - 6);
    return Array.from({ length: count }, () => {
      expect(zip.readUInt32LE(at)).toBe(0x02014b50);
      const nameLength = zip.readUInt16LE(at + 28);
      const path = zip.toString('utf8', at + 46, at + 46 + nameLength);
      const content = readContent(zip, {
        at: zip.readUInt32LE(at + 42),
        crc: zip.readUInt32LE(at + 16),
        length: zip.readUInt32LE(at + 24),
      });
      at += 46 + nameLength;
      return { path, content };
    });
  }

  function readContent(
    zip: Buffer,
    { at, crc, length }: { at: number; crc: number; length: number },
  ): string {
    expect(zip.readUInt32LE(at)).toBe(0x04034b50);
    const from = at + 30 + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
    const content = inflateRawSync(zip.subarray(from, from + zip.readUInt32LE(at + 18)));
    expect({ crc: crc32(content), length: content.length }).toEqual({ crc, length });
    return content.toString('hex');
  }
});
