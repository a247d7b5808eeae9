import type { AttributeValue } from '@aws-sdk/client-dynamodb';

type Condition = (scope: Scope) => boolean;

/** A condition, key condition or filter: comparisons and functions, joined by AND, OR, NOT and brackets. */
export function parseCondition(expression: string): Condition {
  const reader = createTokenReader(expression);
  const condition = parseOr(reader);
  if (reader.peek() !== undefined)
    throw new SyntaxError(`not understood from ${reader.peek()} on: ${expression}`);
  return condition;
}

function parseOr(reader: TokenReader): Condition {
  let condition = parseAnd(reader);
  while (reader.take('OR')) {
    const [left, right] = [condition, parseAnd(reader)];
    condition = (scope) => left(scope) || right(scope);
  }
  return condition;
}

function parseAnd(reader: TokenReader): Condition {
  let condition = parseNot(reader);
  while (reader.take('AND')) {
    const [left, right] = [condition, parseNot(reader)];
    condition = (scope) => left(scope) && right(scope);
  }
  return condition;
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
  return parseConditionFunction(reader) ?? parseComparison(reader);
}

function parseConditionFunction(reader: TokenReader): Condition | undefined {
  const test = FUNCTIONS[reader.peek() ?? ''];
  if (!test) return undefined;
  reader.next();
  reader.expect('(');
  const first = parseOperand(reader);
  const second = reader.take(',') ? parseOperand(reader) : undefined;
  reader.expect(')');
  return (scope) => test(first(scope), second?.(scope));
}

type Test = (first: AttributeValue | undefined, second: AttributeValue | undefined) => boolean;

const FUNCTIONS: Readonly<Record<string, Test>> = {
  attribute_exists: (value) => value !== undefined,
  attribute_not_exists: (value) => value === undefined,
  begins_with: (value, prefix) =>
    value?.S !== undefined && prefix?.S !== undefined && value.S.startsWith(prefix.S),
  contains: (value, member) =>
    member?.S !== undefined && ((value?.S?.includes(member.S) || value?.SS?.includes(member.S)) ?? false),
};

function parseComparison(reader: TokenReader): Condition {
  const left = parseOperand(reader);
  if (reader.take('BETWEEN')) return parseBetween(left, reader);
  if (reader.take('IN')) return parseIn(left, reader);
  const operator = reader.next();
  const compare = COMPARISONS[operator];
  if (!compare) throw new SyntaxError(`no comparison ${operator}`);
  const right = parseOperand(reader);
  return (scope) => {
    const order = compareValues(left(scope), right(scope));
    return order === undefined ? operator === '<>' : compare(order);
  };
}

function parseBetween(left: Operand, reader: TokenReader): Condition {
  const low = parseOperand(reader);
  reader.expect('AND');
  const high = parseOperand(reader);
  return (scope) => {
    const [below, above] = [compareValues(left(scope), low(scope)), compareValues(left(scope), high(scope))];
    return below !== undefined && above !== undefined && below >= 0 && above <= 0;
  };
}

function parseIn(left: Operand, reader: TokenReader): Condition {
  reader.expect('(');
  const members = [parseOperand(reader)];
  while (reader.take(',')) members.push(parseOperand(reader));
  reader.expect(')');
  return (scope) => members.some((member) => compareValues(left(scope), member(scope)) === 0);
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
function compareValues(a: AttributeValue | undefined, b: AttributeValue | undefined): number | undefined {
  // The numbers that SQS gives its messages have more digits than a number of JavaScript's holds exactly.
  if (a?.N !== undefined && b?.N !== undefined)
    return (
      Math.sign(Number(a.N) - Number(b.N)) || (/^\d{16,}$/.test(a.N) ? Number(BigInt(a.N) - BigInt(b.N)) : 0)
    );
  if (a?.S !== undefined && b?.S !== undefined) return a.S < b.S ? -1 : a.S > b.S ? 1 : 0;
  if (a?.BOOL !== undefined && b?.BOOL !== undefined) return Number(a.BOOL) - Number(b.BOOL);
  return undefined;
}

/** Changes `next`; reads the item as it was before. */
type Change = (next: Item, scope: Scope) => void;

/** SET, ADD, REMOVE and DELETE of top-level attributes. Returns the item as it is afterwards. */
export function parseUpdate(expression: string): (scope: Scope) => Item {
  const reader = createTokenReader(expression);
  const changes: Change[] = [];
  while (reader.peek() !== undefined) {
    const clause = reader.next().toUpperCase();
    const parse = CLAUSES[clause];
    if (!parse) throw new SyntaxError(`no clause ${clause}: ${expression}`);
    do changes.push(parse(reader));
    while (reader.take(','));
  }
  return (scope) => {
    const next = { ...scope.item };
    for (const change of changes) change(next, scope);
    return next;
  };
}

const CLAUSES: Readonly<Record<string, (reader: TokenReader) => Change>> = {
  SET(reader) {
    const path = reader.next();
    reader.expect('=');
    const operand = parseOperand(reader);
    return (next, scope) => {
      const value = operand(scope);
      if (value === undefined) throw new SyntaxError(`${path} is set to nothing`);
      next[toAttributeName(path, scope.names)] = value;
    };
  },
  REMOVE(reader) {
    const path = reader.next();
    return (next, { names }) => void delete next[toAttributeName(path, names)];
  },
  ADD: (reader) => changeBy(reader, add),
  DELETE: (reader) => changeBy(reader, without),
};

function changeBy(
  reader: TokenReader,
  merge: (old: AttributeValue | undefined, value: AttributeValue) => AttributeValue | undefined,
): Change {
  const path = reader.next();
  const operand: Operand = parseOperand(reader);
  return (next, scope) => {
    const name = toAttributeName(path, scope.names);
    const value = operand(scope);
    const merged = value && merge(scope.item[name], value);
    if (merged === undefined) delete next[name];
    else next[name] = merged;
  };
}

function add(old: AttributeValue | undefined, value: AttributeValue): AttributeValue {
  if (value.N !== undefined) return { N: String(Number(old?.N ?? 0) + Number(value.N)) };
  if (value.SS !== undefined) return { SS: [...new Set([...(old?.SS ?? []), ...value.SS])] };
  throw new SyntaxError('ADD takes a number or a set');
}

// A set that becomes empty is no attribute any more.
function without(old: AttributeValue | undefined, { SS = [] }: AttributeValue): AttributeValue | undefined {
  const left = (old?.SS ?? []).filter((member) => !SS.includes(member));
  return left.length === 0 ? undefined : { SS: left };
}

export type Item = Record<string, AttributeValue>;

/** What an expression is evaluated with. */
export interface Scope {
  readonly item: Item;
  readonly values: Item;
  readonly names: Readonly<Record<string, string>>;
}

type Operand = (scope: Scope) => AttributeValue | undefined;

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
  if (reader.take('+')) return addition(left, parseTerm(reader), 1);
  if (reader.take('-')) return addition(left, parseTerm(reader), -1);
  return left;
}

function parseTerm(reader: TokenReader): Operand {
  const token = reader.next();
  if (reader.take('(')) return parseOperandFunction(token, reader);
  if (token.startsWith(':')) return ({ values }) => existing(values[token], token);
  return ({ item, names }) => item[toAttributeName(token, names)];
}

function parseOperandFunction(name: string, reader: TokenReader): Operand {
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

function sizeOf(value: AttributeValue | undefined): number {
  return (value?.S ?? value?.L ?? value?.SS ?? value?.NS ?? []).length;
}

function existing(value: AttributeValue | undefined, token: string): AttributeValue {
  if (value === undefined) throw new SyntaxError(`no value for ${token}`);
  return value;
}

/** A word of one of DynamoDB's expressions: a name, a value, a number of a path, or a sign. */
type Token = string;

const TOKEN = /\s*(<>|<=|>=|[=<>(),+[\]-]|[#:]?[A-Za-z_][\w-]*|\d+|\.)/y;

function tokenize(expression: string): Token[] {
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
interface TokenReader {
  peek(): Token | undefined;
  next(): Token;
  /** Takes the token if it is the next one. */
  take(token: Token): boolean;
  expect(token: Token): void;
}

function createTokenReader(expression: string): TokenReader {
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
