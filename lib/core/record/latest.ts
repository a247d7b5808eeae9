import * as z from 'zod/mini';

const latestSchema = z.object({
  kind: z.enum(['conversation.enriched', 'conversation.removed']),
  version: z.int().check(z.positive()),
  content_hash: z.string(),
  /** True only once the topic has taken a notice of this version. */
  announced: z.boolean(),
  /** Crisp's own, epoch ms, as of the last fetch: what a list of conversations is held against. */
  updated_at: z.nullable(z.number()),
});

/** What the archive says about a session's newest record: the one truth about what was announced. */
export type Latest = z.infer<typeof latestSchema>;

/** Returns undefined where the text is no JSON of that shape. */
export function decodeLatest(text: string): Latest | undefined {
  try {
    return latestSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}
