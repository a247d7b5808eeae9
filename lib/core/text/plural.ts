/** `1 message`, `2 messages`; `nouns` for a word that takes more than an s. */
export function plural(count: number, noun: string, nouns = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : nouns}`;
}
