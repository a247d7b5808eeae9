import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type Operand, parseOperand, type Scope } from './operand.ts';
import { createTokenReader, type TokenReader } from './tokenize.ts';

export type Condition = (scope: Scope) => boolean;

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
  return parseFunction(reader) ?? parseComparison(reader);
}

function parseFunction(reader: TokenReader): Condition | undefined {
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
export function compareValues(
  a: AttributeValue | undefined,
  b: AttributeValue | undefined,
): number | undefined {
  if (a?.N !== undefined && b?.N !== undefined) return Math.sign(Number(a.N) - Number(b.N));
  if (a?.S !== undefined && b?.S !== undefined) return a.S < b.S ? -1 : a.S > b.S ? 1 : 0;
  if (a?.BOOL !== undefined && b?.BOOL !== undefined) return Number(a.BOOL) - Number(b.BOOL);
  return undefined;
}
