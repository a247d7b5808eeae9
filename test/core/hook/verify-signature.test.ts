import fc from 'fast-check';
import { expect, test } from 'vitest';
import { signHook } from '../../../lib/core/hook/sign-hook.ts';
import { verifySignature } from '../../../lib/core/hook/verify-signature.ts';

const anySecret = fc.string({ minLength: 1, maxLength: 40 });
const anyTimestamp = fc.integer({ min: 1_000_000_000, max: 9_999_999_999 }).map(String);
const anyBody = fc.uint8Array({ minLength: 1, maxLength: 300 });

test('the signature is the one that the official clients make', () => {
  const body =
    '{"website_id":"8c842203-7ed8-4e29-a608-7cf78a7d2fcc","event":"session:set_state","data":{"website_id":"8c842203-7ed8-4e29-a608-7cf78a7d2fcc","session_id":"session_700c65e1-85e2-465a-b9ac-ecb5ec2c9881","inbox_id":null,"state":"resolved"},"timestamp":1790856000100}';

  const signature = signHook('whsec_test', '1790856000123', Buffer.from(body));

  expect(signature).toBe('8bf06e8c6ba030f137d692cebf0b0e36a33fe613d7d30990d99ee1401f0623ba');
});

test('what was signed verifies, with whichever of the secrets', () => {
  fc.assert(
    fc.property(
      fc.array(anySecret, { minLength: 1, maxLength: 4 }),
      fc.nat(3),
      anyTimestamp,
      anyBody,
      (secrets, index, timestamp, body) => {
        const secret = secrets[index % secrets.length] ?? '';
        const signature = toBytes(signHook(secret, timestamp, body));

        expect(verifySignature({ signature, timestamp, body }, secrets)).toBe(true);
      },
    ),
  );
});

test('any one bit that is turned in body, timestamp or signature makes it fail', () => {
  fc.assert(
    fc.property(anySecret, anyTimestamp, anyBody, fc.nat(), (secret, timestamp, body, bit) => {
      const signature = toBytes(signHook(secret, timestamp, body));

      const tampered = [
        { signature, timestamp, body: turnBit(body, bit) },
        { signature: turnBit(signature, bit), timestamp, body },
        { signature, timestamp: turnBit(Buffer.from(timestamp), bit).toString('latin1'), body },
      ];

      for (const signed of tampered) expect(verifySignature(signed, [secret])).toBe(false);
    }),
  );
});

test('without secrets nothing verifies', () => {
  const signature = toBytes(signHook('', '1790856000', Buffer.from('{}')));

  expect(verifySignature({ signature, timestamp: '1790856000', body: Buffer.from('{}') }, [])).toBe(false);
});

function toBytes(hex: string): Buffer {
  return Buffer.from(hex, 'hex');
}

function turnBit(bytes: Uint8Array, bit: number): Buffer {
  const turned = Buffer.from(bytes);
  const at = Math.floor(bit / 8) % turned.length;
  turned[at] = (turned[at] ?? 0) ^ (1 << (bit % 8));
  return turned;
}
