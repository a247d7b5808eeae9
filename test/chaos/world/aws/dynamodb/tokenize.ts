/** A word of one of DynamoDB's expressions: a name, a value, a number of a path, or a sign. */
export type Token = string;

const TOKEN = /\s*(<>|<=|>=|[=<>(),+[\]-]|[#:]?[A-Za-z_][\w-]*|\d+|\.)/y;

export function tokenize(expression: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.trimEnd().length) {
    const at = TOKEN.lastIndex;
    const [, token] = TOKEN.exec(expression) ?? [];
    if (token === undefined) throw new SyntaxError(`not understood from ${at} on: ${expression}`);
    tokens.push(token);
  }
  return tokens;
}

/** Reads tokens one after the other; keywords in any case. */
export interface TokenReader {
  peek(): Token | undefined;
  next(): Token;
  /** Takes the token if it is the next one. */
  take(token: Token): boolean;
  expect(token: Token): void;
}

export function createTokenReader(expression: string): TokenReader {
  const tokens = tokenize(expression);
  let at = 0;

  const reader: TokenReader = {
    peek: () => tokens[at],
    next() {
      const token = tokens[at];
      if (token === undefined) throw new SyntaxError(`ended too early: ${expression}`);
      at += 1;
      return token;
    },
    take(token) {
      if (tokens[at]?.toUpperCase() !== token.toUpperCase()) return false;
      at += 1;
      return true;
    },
    expect(token) {
      if (!reader.take(token)) throw new SyntaxError(`expected ${token} before ${tokens[at]}: ${expression}`);
    },
  };
  return reader;
}
