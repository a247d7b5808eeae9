import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';

export interface Certificate {
  /** PEM, for `createServer` of node:https. */
  readonly key: string;
  readonly cert: string;
}

/** A certificate for 127.0.0.1 that nobody vouches for but itself; valid from 2020 to 2049 unless it is said otherwise. */
export function aSelfSignedCertificate({ until = '491231235959Z' }: { until?: string } = {}): Certificate {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const toBeSigned = sequence(
    der(0xa0, integer(2)), // Version 3.
    integer(1),
    ECDSA_WITH_SHA256,
    NAME,
    sequence(der(UTC_TIME, '200101000000Z'), der(UTC_TIME, until)),
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(0xa3, sequence(ALTERNATIVE_NAME)),
  );
  const signature = der(BIT_STRING, Buffer.from([0]), sign('sha256', toBeSigned, privateKey));

  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    cert: toPem(sequence(toBeSigned, ECDSA_WITH_SHA256, signature)),
  };
}

// ASN.1 in DER: tag, length, content (ITU-T X.690); the fields are those of RFC 5280.
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const OBJECT_ID = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;

const ECDSA_WITH_SHA256 = sequence(der(OBJECT_ID, Buffer.from('2a8648ce3d040302', 'hex')));
const NAME = sequence(
  der(0x31, sequence(der(OBJECT_ID, Buffer.from('550403', 'hex')), der(UTF8_STRING, 'a test'))),
);
const ALTERNATIVE_NAME = sequence(
  der(OBJECT_ID, Buffer.from('551d11', 'hex')),
  der(OCTET_STRING, sequence(der(0x87, Buffer.from([127, 0, 0, 1])))),
);

function integer(value: number): Buffer {
  return der(0x02, Buffer.from([value]));
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return der(0x30, ...parts);
}

function der(tag: number, ...parts: readonly (Buffer | string)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => Buffer.from(part)));
  const { length } = content;
  const size = length < 0x80 ? [length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

function toPem(bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n');
}

/** A folder that is gone when the test is over. */
export async function aTemporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'crisp-enrich-test-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}
