import { generateKeyPairSync, sign } from 'node:crypto';

export interface LoopbackCertificate {
  /** Both in PEM. */
  readonly certificate: string;
  readonly key: string;
}

// The types of ASN.1 that a certificate is made of.
const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OCTET_STRING = 0x04;
const IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION_FIELD = 0xa0;
const EXTENSIONS_FIELD = 0xa3;
const IP_ADDRESS_NAME = 0x87;

const VERSION_3 = 2;
const ECDSA_WITH_SHA256 = der(SEQUENCE, der(IDENTIFIER, Buffer.from('2a8648ce3d040302', 'hex')));
const COMMON_NAME = der(IDENTIFIER, Buffer.from('550403', 'hex'));
const ALTERNATIVE_NAMES = der(IDENTIFIER, Buffer.from('551d11', 'hex'));
const NAME = der(SEQUENCE, der(SET, der(SEQUENCE, COMMON_NAME, der(UTF8_STRING, Buffer.from('loopback')))));
const VALIDITY = der(SEQUENCE, toTime('200101000000Z'), toTime('491231235959Z'));

/** A new key, and a certificate for 127.0.0.1 that it signed itself: trusted by whoever is told to trust it. */
export function createLoopbackCertificate(): LoopbackCertificate {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const body = der(
    SEQUENCE,
    der(VERSION_FIELD, der(INTEGER, Buffer.of(VERSION_3))),
    der(INTEGER, Buffer.of(1)),
    ECDSA_WITH_SHA256,
    NAME,
    VALIDITY,
    NAME,
    publicKey.export({ type: 'spki', format: 'der' }),
    der(EXTENSIONS_FIELD, der(SEQUENCE, toAlternativeName(Buffer.of(127, 0, 0, 1)))),
  );
  const signature = der(BIT_STRING, Buffer.of(0), sign('sha256', body, privateKey));
  return {
    certificate: toPem(der(SEQUENCE, body, ECDSA_WITH_SHA256, signature)),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

function toAlternativeName(address: Buffer): Buffer {
  const names = der(SEQUENCE, der(IP_ADDRESS_NAME, address));
  return der(SEQUENCE, ALTERNATIVE_NAMES, der(OCTET_STRING, names));
}

function toTime(time: string): Buffer {
  return der(UTC_TIME, Buffer.from(time));
}

/** Type, length, content. */
function der(type: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  return Buffer.concat([Buffer.of(type), toLength(content.length), content]);
}

function toLength(length: number): Buffer {
  if (length < 0x80) return Buffer.of(length);
  const bytes = Buffer.from(length.toString(16).padStart(length > 0xff ? 4 : 2, '0'), 'hex');
  return Buffer.concat([Buffer.of(0x80 | bytes.length), bytes]);
}

function toPem(bytes: Buffer): string {
  const lines = bytes.toString('base64').replace(/.{64}/g, '$&\n');
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}
