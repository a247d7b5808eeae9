/** The characters that SQS takes, and SNS for it: no control characters, no halves of pairs, not U+FFFE and U+FFFF. */
export function isSqsText(text: string): boolean {
  if (!text.isWellFormed()) return false;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    if (unit < 0x20 && unit !== 0x9 && unit !== 0xa && unit !== 0xd) return false;
    if (unit > 0xfffd) return false;
  }
  return true;
}
