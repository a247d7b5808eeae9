import { crc32, deflateRawSync } from 'node:zlib';

export interface ZipEntry {
  /** Path within the archive, with forward slashes. */
  readonly path: string;
  readonly content: Uint8Array;
}

// 1980-01-01 00:00, the earliest that the format knows: the same content gives the same bytes on every day.
const DOS_DATE = 0x0021;
const DOS_TIME = 0;
const ZIP_VERSION = 20;
const DEFLATED = 8;
// The name field is UTF-8.
const UTF8_NAMES = 0x0800;
// A regular file, rw-r--r--, in the upper half of the external attributes; Lambda wants files that all may read.
const UNIX = 3 << 8;
const FILE_MODE = 0o100644 * 0x10000;

/** Packs the entries, in their order, into a zip archive. The same entries give the same bytes. */
export function toZip(entries: readonly ZipEntry[]): Buffer {
  const parts: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const entry of entries) {
    const { local, central } = toRecords(entry, offset);
    parts.push(local);
    directory.push(central);
    offset += local.length;
  }
  const directoryBytes = Buffer.concat(directory);
  return Buffer.concat([...parts, directoryBytes, toEnd(entries.length, directoryBytes.length, offset)]);
}

function toRecords({ path, content }: ZipEntry, offset: number): { local: Buffer; central: Buffer } {
  const name = Buffer.from(path, 'utf8');
  const deflated = deflateRawSync(content, { level: 9 });
  const common = toCommonHeader(name, content, deflated);

  const local = Buffer.alloc(4);
  local.writeUInt32LE(0x04034b50);

  const central = Buffer.alloc(6);
  central.writeUInt32LE(0x02014b50, 0);
  central.writeUInt16LE(ZIP_VERSION | UNIX, 4);

  const rest = Buffer.alloc(14);
  rest.writeUInt32LE(FILE_MODE, 6);
  rest.writeUInt32LE(offset, 10);

  return {
    local: Buffer.concat([local, common, name, deflated]),
    central: Buffer.concat([central, common, rest, name]),
  };
}

// The 26 bytes that an entry's own header and its line in the directory have in common.
function toCommonHeader(name: Buffer, content: Uint8Array, deflated: Buffer): Buffer {
  const header = Buffer.alloc(26);
  header.writeUInt16LE(ZIP_VERSION, 0);
  header.writeUInt16LE(UTF8_NAMES, 2);
  header.writeUInt16LE(DEFLATED, 4);
  header.writeUInt16LE(DOS_TIME, 6);
  header.writeUInt16LE(DOS_DATE, 8);
  header.writeUInt32LE(crc32(content), 10);
  header.writeUInt32LE(deflated.length, 14);
  header.writeUInt32LE(content.length, 18);
  header.writeUInt16LE(name.length, 22);
  return header;
}

function toEnd(count: number, directoryLength: number, directoryOffset: number): Buffer {
  const end = Buffer.alloc(22);
  end.writeUInt32LE(0x06054b50, 0);
  end.writeUInt16LE(count, 8);
  end.writeUInt16LE(count, 10);
  end.writeUInt32LE(directoryLength, 12);
  end.writeUInt32LE(directoryOffset, 16);
  return end;
}
