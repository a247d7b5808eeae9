import type { WebsiteId } from '../ids.ts';

interface WebsiteChoices {
  /** From `CRISP_WEBSITE_IDS`; empty: all. */
  readonly configured: readonly WebsiteId[];
  /** Looks which have been seen. */
  readonly known: () => Promise<readonly WebsiteId[]>;
}

/** The website that was given, or the only one there is; else those that it could be. */
export async function chooseWebsite(
  given: WebsiteId | undefined,
  { configured, known }: WebsiteChoices,
): Promise<{ readonly websiteId: WebsiteId } | { readonly choices: readonly WebsiteId[] }> {
  if (given) return { websiteId: given };
  const choices = configured.length > 0 ? configured : await known();
  const [only, ...others] = choices;
  return only && others.length === 0 ? { websiteId: only } : { choices };
}
