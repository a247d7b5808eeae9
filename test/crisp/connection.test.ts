import { errors } from 'undici';
import { describe, expect, test } from 'vitest';
import { toConnectionError, untilAborted } from '../../lib/crisp/connection.ts';
import { JobError } from '../../lib/errors.ts';

describe('to connection error', () => {
  const withCode = (code: string) => Object.assign(new Error(`connect 203.0.113.9 ${code}`), { code });

  describe('before an answer began', () => {
    test.each([
      ['ENOTFOUND', 'crisp_unreachable'],
      ['EAI_AGAIN', 'crisp_unreachable'],
      ['ECONNREFUSED', 'crisp_unreachable'],
      ['ECONNRESET', 'crisp_unreachable'],
      ['EPIPE', 'crisp_unreachable'],
      ['ETIMEDOUT', 'crisp_unreachable'],
      ['UND_ERR_CONNECT_TIMEOUT', 'crisp_unreachable'],
      ['UND_ERR_SOCKET', 'crisp_unreachable'],
      ['UND_ERR_HEADERS_TIMEOUT', 'crisp_timeout'],
      ['DEPTH_ZERO_SELF_SIGNED_CERT', 'crisp_tls_failed'],
      ['SELF_SIGNED_CERT_IN_CHAIN', 'crisp_tls_failed'],
      ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'crisp_tls_failed'],
      ['CERT_HAS_EXPIRED', 'crisp_tls_failed'],
      ['ERR_TLS_CERT_ALTNAME_INVALID', 'crisp_tls_failed'],
      ['ERR_SSL_WRONG_VERSION_NUMBER', 'crisp_tls_failed'],
      ['UND_ERR_HEADERS_OVERFLOW', 'bad_response:headers_overflow'],
      ['HPE_INVALID_CONSTANT', 'bad_response:not_http'],
      ['ERR_ASSERTION', 'bad_response:not_http'],
      ['UND_ERR_RES_CONTENT_LENGTH_MISMATCH', 'bad_response:not_http'],
      ['ESOMETHINGNEW', 'crisp_unreachable'],
    ])('%s is %s', (code, reason) => {
      const failure = toConnectionError(withCode(code), false);
      expect(failure.reason).toBe(reason);
      expect(failure.message).not.toContain('203.0.113.9');
    });

    test('a host whose addresses all fail is told by the first of them', () => {
      const all = new AggregateError([withCode('ECONNREFUSED'), withCode('ETIMEDOUT')]);
      expect(toConnectionError(all, false).message).toBe('crisp_unreachable (ECONNREFUSED)');
    });

    test.each(['text', null, undefined, new Error('no code'), new TypeError('no code either')])(
      '%s is a failure to reach Crisp, whatever it is',
      (thrown) => expect(toConnectionError(thrown, false).code).toBe('crisp_unreachable'),
    );

    test('undici’s parser error, which has no code, is no HTTP', () => {
      const failure = toConnectionError(
        new errors.HTTPParserError('Response does not match 203.0.113.9'),
        false,
      );

      expect(failure.message).toBe('bad_response:not_http');
    });
  });

  describe('after an answer began', () => {
    test.each([
      [new errors.SocketError('other side closed'), 'bad_response:truncated'],
      [new errors.ResponseContentLengthMismatchError(), 'bad_response:truncated'],
      [withCode('ECONNRESET'), 'crisp_unreachable'],
      [new errors.HTTPParserError('Invalid character in chunk size'), 'bad_response:not_http'],
      [withCode('ESOMETHINGNEW'), 'bad_response:broken'],
      [new Error('no code'), 'bad_response:broken'],
      [new JobError('response_too_large'), 'response_too_large'],
    ])('%s is %s', (thrown, reason) => expect(toConnectionError(thrown, true).reason).toBe(reason));
  });
});

describe('until aborted', () => {
  const never = new Promise(() => {});

  test('an abort is heard while nothing else happens', async () => {
    const stop = new AbortController();
    const waiting = untilAborted(never, stop.signal);
    stop.abort(new Error('too late'));
    await expect(waiting).rejects.toThrow('too late');
  });

  test('an abort that came before is heard', async () => {
    await expect(untilAborted(never, AbortSignal.abort(new Error('too late')))).rejects.toThrow('too late');
  });

  test('without an abort the work decides', async () => {
    const { signal } = new AbortController();
    await expect(untilAborted(Promise.resolve(7), signal)).resolves.toBe(7);
    await expect(untilAborted(Promise.reject(new Error('its own')), signal)).rejects.toThrow('its own');
  });
});
