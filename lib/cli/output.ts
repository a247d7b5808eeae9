/** Where a command's words go. */
export interface Output {
  /** To standard output; resolves once the reader has room for more. */
  write(text: string): Promise<void>;
  /** To standard error. */
  warn(text: string): void;
}
