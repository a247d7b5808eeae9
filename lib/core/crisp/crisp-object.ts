/** A JSON object as Crisp sent it: unknown fields stay. */
export type CrispObject = { readonly [key: string]: unknown };
