import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { type Item, type Operand, parseOperand, type Scope, toAttributeName } from './operand.ts';
import { createTokenReader, type TokenReader } from './tokenize.ts';

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
