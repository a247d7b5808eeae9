import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import type { TokenReader } from './tokenize.ts';

export type Item = Record<string, AttributeValue>;

/** What an expression is evaluated with. */
export interface Scope {
  readonly item: Item;
  readonly values: Item;
  readonly names: Readonly<Record<string, string>>;
}

export type Operand = (scope: Scope) => AttributeValue | undefined;

/** A top-level attribute, by its name or by a `#name` for it. */
export function toAttributeName(token: string, names: Scope['names']): string {
  if (!token.startsWith('#')) return token;
  const name = names[token];
  if (name === undefined) throw new SyntaxError(`no name for ${token}`);
  return name;
}

/** operand := term (('+' | '-') term)? */
export function parseOperand(reader: TokenReader): Operand {
  const left = parseTerm(reader);
  if (reader.take('+')) return addition(left, parseTerm(reader), 1);
  if (reader.take('-')) return addition(left, parseTerm(reader), -1);
  return left;
}

function parseTerm(reader: TokenReader): Operand {
  const token = reader.next();
  if (reader.take('(')) return parseFunction(token, reader);
  if (token.startsWith(':')) return ({ values }) => existing(values[token], token);
  return ({ item, names }) => item[toAttributeName(token, names)];
}

function parseFunction(name: string, reader: TokenReader): Operand {
  const [first, second] = parseArguments(reader);
  switch (name) {
    case 'if_not_exists':
      return (scope) => first?.(scope) ?? second?.(scope);
    case 'list_append':
      return (scope) => ({ L: [...(first?.(scope)?.L ?? []), ...(second?.(scope)?.L ?? [])] });
    case 'size':
      return (scope) => ({ N: String(sizeOf(first?.(scope))) });
    default:
      throw new SyntaxError(`no function ${name}`);
  }
}

function parseArguments(reader: TokenReader): Operand[] {
  const operands = [parseOperand(reader)];
  while (reader.take(',')) operands.push(parseOperand(reader));
  reader.expect(')');
  return operands;
}

function addition(left: Operand, right: Operand, sign: 1 | -1): Operand {
  return (scope) => {
    const [a, b] = [left(scope)?.N, right(scope)?.N];
    // A missing attribute is no zero: DynamoDB refuses the whole update.
    if (a === undefined || b === undefined) throw new SyntaxError('an operand of an addition is no number');
    return { N: String(Number(a) + sign * Number(b)) };
  };
}

export function sizeOf(value: AttributeValue | undefined): number {
  return (value?.S ?? value?.L ?? value?.SS ?? value?.NS ?? []).length;
}

function existing(value: AttributeValue | undefined, token: string): AttributeValue {
  if (value === undefined) throw new SyntaxError(`no value for ${token}`);
  return value;
}
