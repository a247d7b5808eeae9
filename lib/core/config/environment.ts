/** Names and texts, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** A variable that is set to nothing, as in a copied `.env` file, counts as one that is not set. */
export function dropBlanks(environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([, text]) => text?.trim()));
}
