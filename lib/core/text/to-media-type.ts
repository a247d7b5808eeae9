import { toShape } from './to-shape.ts';

const MEDIA_TYPE = /^\s*([\w.+-]{1,40}\/[\w.+-]{1,60})\s*(?:;|$)/;

const KNOWN_TYPES: ReadonlySet<string> = new Set([
  ...withPrefix('text/', 'html plain xml css csv javascript event-stream markdown'),
  ...withPrefix('application/', 'json xml xhtml+xml javascript octet-stream pdf zip gzip soap+xml x-ndjson'),
  ...withPrefix(
    'application/',
    'problem+json problem+xml ld+json hal+json vnd.api+json x-www-form-urlencoded',
  ),
  ...withPrefix('multipart/', 'form-data mixed'),
  ...withPrefix('image/', 'png jpeg gif webp svg+xml x-icon'),
]);

/** The type that a Content-Type header names, without its parameters, where it is a usual one; else the header's shape. */
export function toMediaType(header: string): string {
  const type = MEDIA_TYPE.exec(header)?.[1]?.toLowerCase();
  return type !== undefined && KNOWN_TYPES.has(type) ? type : `"${toShape(header, 40)}"`;
}

function withPrefix(prefix: string, names: string): string[] {
  return names.split(' ').map((name) => prefix + name);
}
