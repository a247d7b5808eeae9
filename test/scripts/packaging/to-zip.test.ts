import { crc32, inflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { toZip, type ZipEntry } from '../../../scripts/packaging/to-zip.ts';

const entries = fc.uniqueArray(
  fc.record({
    path: fc.string({ minLength: 1, maxLength: 30 }),
    content: fc.uint8Array({ maxLength: 2000 }),
  }),
  { selector: ({ path }) => path, maxLength: 5 },
);

test('what is packed comes out again, by the directory at the end', () => {
  fc.assert(
    fc.property(entries, (packed) => {
      const expected = packed.map(({ path, content }) => ({
        path: Buffer.from(path).toString(),
        content: Buffer.from(content).toString('hex'),
      }));
      expect(readZip(toZip(packed))).toEqual(expected);
    }),
  );
});

test('the same entries give the same bytes', () => {
  const packed: ZipEntry[] = [{ path: 'functions/a.mjs', content: Buffer.from('export {};') }];

  expect(toZip(packed).equals(toZip(packed))).toBe(true);
});

test('a file in the archive may be read by everybody, as Lambda needs it', () => {
  const zip = toZip([{ path: 'a', content: Buffer.from('a') }]);
  const directory = zip.readUInt32LE(zip.length - 6);

  expect(zip.readUInt32LE(directory + 38) >>> 16).toBe(0o100644);
});

function readZip(zip: Buffer): { path: string; content: string }[] {
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

function readContent(zip: Buffer, { at, crc, length }: { at: number; crc: number; length: number }): string {
  expect(zip.readUInt32LE(at)).toBe(0x04034b50);
  const from = at + 30 + zip.readUInt16LE(at + 26) + zip.readUInt16LE(at + 28);
  const content = inflateRawSync(zip.subarray(from, from + zip.readUInt32LE(at + 18)));
  expect({ crc: crc32(content), length: content.length }).toEqual({ crc, length });
  return content.toString('hex');
}
