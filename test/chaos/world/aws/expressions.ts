import type { AttributeValue } from '@aws-sdk/client-dynamodb';

export type Item = Record<string, AttributeValue>;

/** What an expression is evaluated with. */
export interface Scope {
  readonly item: Item;
  readonly values: Item;
  readonly names: Readonly<Record<string, string>>;
}

type Value = AttributeValue | undefined;
type Operand = (scope: Scope) => Value;
type Condition = (scope: Scope) => boolean;

/** A condition, key condition or filter: comparisons and functions, joined by AND, OR, NOT and brackets. */
export function parseCondition(expression: string): Condition {
  const reader = new TokenReader(expression);
  const condition = parseOr(reader);
  if (!reader.isAtEnd) throw new SyntaxError(`not understood from ${reader.next()} on: ${expression}`);
  return condition;
}

function parseOr(reader: TokenReader): Condition {
  const parts = reader.list('OR', () => parseAnd(reader));
  return (scope) => parts.some((part) => part(scope));
}

function parseAnd(reader: TokenReader): Condition {
  const parts = reader.list('AND', () => parseNot(reader));
  return (scope) => parts.every((part) => part(scope));
}

function parseNot(reader: TokenReader): Condition {
  if (reader.take('NOT')) {
    const condition = parseNot(reader);
    return (scope) => !condition(scope);
  }
  if (reader.take('(')) {
    const condition = parseOr(reader);
    reader.expect(')');
    return condition;
  }
  const name = Object.keys(TESTS).find((each) => reader.take(each));
  return name === undefined ? parseComparison(reader) : parseTest(name, reader);
}

function parseTest(name: string, reader: TokenReader): Condition {
  const [first, second] = parseArguments(reader);
  return (scope) => TESTS[name]?.(first?.(scope), second?.(scope)) ?? false;
}

const TESTS: Readonly<Record<string, (first: Value, second: Value) => boolean>> = {
  attribute_exists: (value) => value !== undefined,
  attribute_not_exists: (value) => value === undefined,
  begins_with: (value, prefix) => prefix?.S !== undefined && (value?.S?.startsWith(prefix.S) ?? false),
  contains: (value, member) =>
    member?.S !== undefined && ((value?.S?.includes(member.S) || value?.SS?.includes(member.S)) ?? false),
};

function parseComparison(reader: TokenReader): Condition {
  const left = parseOperand(reader);
  if (reader.take('BETWEEN')) {
    const low = parseOperand(reader);
    reader.expect('AND');
    const high = parseOperand(reader);
    return (scope) => {
      const [below, above] = [order(left(scope), low(scope)), order(left(scope), high(scope))];
      return below !== undefined && above !== undefined && below >= 0 && above <= 0;
    };
  }
  if (reader.take('IN')) {
    const members = parseArguments(reader);
    return (scope) => members.some((member) => order(left(scope), member(scope)) === 0);
  }
  const operator = reader.next();
  const compare = COMPARISONS[operator];
  if (!compare) throw new SyntaxError(`no comparison ${operator}`);
  const right = parseOperand(reader);
  return (scope) => {
    const found = order(left(scope), right(scope));
    return found === undefined ? operator === '<>' : compare(found);
  };
}

const COMPARISONS: Readonly<Record<string, (order: number) => boolean>> = {
  '=': (order) => order === 0,
  '<>': (order) => order !== 0,
  '<': (order) => order < 0,
  '<=': (order) => order <= 0,
  '>': (order) => order > 0,
  '>=': (order) => order >= 0,
};

/** Undefined for values of different types, and for absent ones: no comparison of those is true. */
function order(a: Value, b: Value): number | undefined {
  // The numbers that SQS gives its messages have more digits than a number of JavaScript's holds exactly.
  if (a?.N !== undefined && b?.N !== undefined)
    return Number(a.N) - Number(b.N) || (/^\d{16,}$/.test(a.N) ? Number(BigInt(a.N) - BigInt(b.N)) : 0);
  if (a?.S !== undefined && b?.S !== undefined) return a.S < b.S ? -1 : a.S > b.S ? 1 : 0;
  return a?.BOOL !== undefined && b?.BOOL !== undefined ? Number(a.BOOL) - Number(b.BOOL) : undefined;
}

/** SET, ADD, REMOVE and DELETE of top-level attributes. Returns the item as it is afterwards. */
export function parseUpdate(expression: string): (scope: Scope) => Item {
  const reader = new TokenReader(expression);
  const changes: Change[] = [];
  while (!reader.isAtEnd) {
    const clause = reader.next().toUpperCase();
    changes.push(...reader.list(',', () => parseChange(clause, reader)));
  }
  return (scope) => {
    const next = { ...scope.item };
    for (const { path, toValue } of changes) {
      const name = toAttributeName(path, scope.names);
      const value = toValue(scope, scope.item[name]);
      if (value === undefined) delete next[name];
      else next[name] = value;
    }
    return next;
  };
}

interface Change {
  readonly path: string;
  /** Reads the item as it was before; undefined: the attribute goes. */
  readonly toValue: (scope: Scope, old: Value) => Value;
}

function parseChange(clause: string, reader: TokenReader): Change {
  const path = reader.next();
  if (clause === 'REMOVE') return { path, toValue: () => undefined };
  if (clause === 'SET') reader.expect('=');
  const operand = parseOperand(reader);
  const merge = MERGES[clause];
  if (!merge) throw new SyntaxError(`no clause ${clause}`);
  return {
    path,
    toValue(scope, old) {
      const value = operand(scope);
      if (value === undefined) throw new SyntaxError(`${path} is set to nothing`);
      return merge(value, old);
    },
  };
}

const MERGES: Readonly<Record<string, (value: AttributeValue, old: Value) => Value>> = {
  SET: (value) => value,
  ADD({ N, SS }, old) {
    if (N !== undefined) return { N: String(Number(old?.N ?? 0) + Number(N)) };
    if (SS !== undefined) return { SS: [...new Set([...(old?.SS ?? []), ...SS])] };
    throw new SyntaxError('ADD takes a number or a set');
  },
  // A set that becomes empty is no attribute any more.
  DELETE({ SS = [] }, old) {
    const left = (old?.SS ?? []).filter((member) => !SS.includes(member));
    return left.length === 0 ? undefined : { SS: left };
  },
};

/** A top-level attribute, by its name or by a `#name` for it. */
function toAttributeName(token: string, names: Scope['names']): string {
  if (!token.startsWith('#')) return token;
  const name = names[token];
  if (name === undefined) throw new SyntaxError(`no name for ${token}`);
  return name;
}

/** operand := term (('+' | '-') term)? */
function parseOperand(reader: TokenReader): Operand {
  const left = parseTerm(reader);
  const sign = reader.take('+') ? 1 : reader.take('-') ? -1 : undefined;
  if (sign === undefined) return left;
  const right = parseTerm(reader);
  return (scope) => {
    const [a, b] = [left(scope)?.N, right(scope)?.N];
    // A missing attribute is no zero: DynamoDB refuses the whole update.
    if (a === undefined || b === undefined) throw new SyntaxError('an operand of an addition is no number');
    return { N: String(Number(a) + sign * Number(b)) };
  };
}

function parseTerm(reader: TokenReader): Operand {
  const token = reader.next();
  const compute = FUNCTIONS[token];
  if (compute) {
    const [first, second] = parseArguments(reader);
    return (scope) => compute(first?.(scope), second?.(scope));
  }
  if (!token.startsWith(':')) return ({ item, names }) => item[toAttributeName(token, names)];
  return ({ values }) => {
    if (values[token] === undefined) throw new SyntaxError(`no value for ${token}`);
    return values[token];
  };
}

const FUNCTIONS: Readonly<Record<string, (first: Value, second: Value) => Value>> = {
  if_not_exists: (first, second) => first ?? second,
  list_append: (first, second) => ({ L: [...(first?.L ?? []), ...(second?.L ?? [])] }),
  size: (value) => ({ N: String((value?.S ?? value?.L ?? value?.SS ?? value?.NS ?? []).length) }),
};

function parseArguments(reader: TokenReader): Operand[] {
  reader.expect('(');
  const operands = reader.list(',', () => parseOperand(reader));
  reader.expect(')');
  return operands;
}

const TOKEN = /<>|<=|>=|[=<>(),+[\]-]|[#:]?[A-Za-z_][\w-]*|\d+|\.|\S/g;

/** Reads names, values and signs one after the other; keywords in any case. */
class TokenReader {
  readonly #expression: string;
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(expression: string) {
    this.#expression = expression;
    this.#tokens = expression.match(TOKEN) ?? [];
  }

  get isAtEnd(): boolean {
    return this.#at === this.#tokens.length;
  }

  next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new SyntaxError(`ended too early: ${this.#expression}`);
    this.#at += 1;
    return token;
  }

  /** Takes the token if it is the next one. */
  take(token: string): boolean {
    if (this.#tokens[this.#at]?.toUpperCase() !== token.toUpperCase()) return false;
    this.#at += 1;
    return true;
  }

  expect(token: string): void {
    if (!this.take(token)) throw new SyntaxError(`expected ${token}: ${this.#expression}`);
  }

  /** One part or more, between which that token stands. */
  list<Part>(separator: string, parse: () => Part): Part[] {
    const parts = [parse()];
    while (this.take(separator)) parts.push(parse());
    return parts;
  }
}
