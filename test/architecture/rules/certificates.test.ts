import { describe, expect, test } from 'vitest';
import { readSourceFiles } from '../source/source-file.ts';
import { checkCertificates } from './certificates.ts';

const inLib = (text: string, path = 'lib/use-cases/a.ts') => [{ path, text }];

describe('certificates', () => {
  test('are always checked', () => {
    const places = ['lib', 'functions', 'infra', 'scripts', 'serverless.yml', 'package.json'];

    expect(checkCertificates(readSourceFiles(places, ['.ts', '.js', '.mjs', '.yml', '.json']))).toEqual([]);
  });

  test.each([
    'connect({ rejectUnauthorized: false });',
    "const environment = { NODE_TLS_REJECT_UNAUTHORIZED: '0' };",
    'connect({ checkServerIdentity: () => undefined });',
    "connect({ minVersion: 'TLSv1' });",
  ])('%s is a violation', (text) => {
    expect(checkCertificates(inLib(text))).toHaveLength(1);
  });

  test('to say that verification cannot be turned off is none', () => {
    expect(checkCertificates(inLib('// There is no rejectUnauthorized here.'))).toEqual([]);
  });
});
