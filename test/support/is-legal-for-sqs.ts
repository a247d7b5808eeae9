/**
 * True for text of the characters that the SQS API reference admits, less those beyond the BMP, which the embedded SQS
 * refuses: #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD.
 */
export function isLegalForSqs(text: string): boolean {
  return text.split('').every((codeUnit) => isLegal(codeUnit.charCodeAt(0)));
}

function isLegal(unit: number): boolean {
  if (unit < 0x20) return unit === 0x9 || unit === 0xa || unit === 0xd;
  return unit <= 0xd7ff || (unit >= 0xe000 && unit <= 0xfffd);
}
