import type { FauxqsApp } from '../fauxqs-app.ts';

// An archived conversation may be larger than the 11 MiB of fauxqs; S3's own limit of one PUT is 5 GiB.
const BODY_LIMIT = 256 * 1024 * 1024;

/** Lets objects be larger than fauxqs allows. Its parser for them takes any content type that no other takes. */
export function mendObjectSize(app: FauxqsApp): void {
  app.removeContentTypeParser('*');
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_request, body, done) => {
    done(null, body);
  });
}
