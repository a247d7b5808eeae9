/** A part of an answer's body, and how long it takes. */
export interface BodyChunk {
  readonly afterMs: number;
  readonly bytes?: Buffer;
  /** Thrown in place of bytes: the connection ended. */
  readonly error?: unknown;
}

/** What undici gives for a body, as far as it is read; without streams, whose ticks would be the run's slowest part. */
export class FakeBody implements AsyncIterable<Buffer> {
  readableEnded = false;
  readonly #chunks: readonly BodyChunk[];
  readonly #wait: (delayMs: number) => Promise<void>;

  constructor(chunks: readonly BodyChunk[], wait: (delayMs: number) => Promise<void>) {
    this.#chunks = chunks;
    this.#wait = wait;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    for (const { afterMs, bytes, error } of this.#chunks) {
      if (afterMs > 0) await this.#wait(afterMs);
      if (bytes === undefined) throw error;
      yield bytes;
    }
    this.readableEnded = true;
  }

  on(): this {
    return this;
  }

  destroy(): this {
    return this;
  }
}
