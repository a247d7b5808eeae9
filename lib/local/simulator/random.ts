/** A repeatable source of chance: equal seeds give equal sequences. */
export interface Random {
  /** At least 0, below 1. */
  next(): number;
  /** Both ends included. */
  integer(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  shuffle<Item>(items: readonly Item[]): Item[];
  hex(length: number): string;
  uuid(): string;
  /** A stream of its own: what one part of the simulator draws never shifts another's sequence. */
  fork(label: string): Random;
}

/** Builds the generator (mulberry32: 32 bits of state, public domain by Tommy Ettinger; plenty for invented data). */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;

  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  const integer = (from: number, to: number) => from + Math.floor(next() * (to - from + 1));
  const hex = (length: number) => Array.from({ length }, () => integer(0, 15).toString(16)).join('');

  return {
    next,
    integer,
    chance: (probability) => next() < probability,
    pick: (items) => pickFrom(items, next),
    shuffle: (items) => shuffled(items, integer),
    hex,
    uuid: () => `${hex(8)}-${hex(4)}-4${hex(3)}-${'89ab'.charAt(integer(0, 3))}${hex(3)}-${hex(12)}`,
    fork: (label) => createRandom(hash(`${seed}:${label}`)),
  };
}

function pickFrom<Item>(items: readonly Item[], next: () => number): Item {
  for (const item of items.slice(Math.floor(next() * items.length))) return item;
  throw new RangeError('nothing to pick from');
}

function shuffled<Item>(items: readonly Item[], integer: (from: number, to: number) => number): Item[] {
  const rest = [...items];
  const result: Item[] = [];
  while (rest.length > 0) result.push(...rest.splice(integer(0, rest.length - 1), 1));
  return result;
}

// FNV-1a: spreads labels over the seeds, nothing more is asked of it.
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const unit of text) value = Math.imul(value ^ (unit.codePointAt(0) ?? 0), 0x01000193);
  return value >>> 0;
}
