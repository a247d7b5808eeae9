import { toShape } from './to-shape.ts';

const MEDIA_TYPE = /^\s*([\w.+-]{1,40}\/[\w.+-]{1,60})\s*(?:;|$)/;

/** The type that a Content-Type header names, without its parameters; the shape of a header that names none. */
export function toMediaType(header: string): string {
  return MEDIA_TYPE.exec(header)?.[1]?.toLowerCase() ?? `"${toShape(header, 40)}"`;
}
