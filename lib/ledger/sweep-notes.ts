import { createLedgerTable, type LedgerKey, type LedgerTableDeps, number, readNumber } from './table.ts';

/** How far a walk over conversations came, epoch ms. */
export interface SweepNote {
  readonly fromMs: number;
  readonly toMs: number;
  /** All of the window that was updated later than this is done. */
  readonly reachedMs: number;
}

/** Checkpoints of walks over conversations or records, one for each name. Rejects with `ledger_failed` alone. */
export interface SweepNotes {
  read(name: string): Promise<SweepNote | undefined>;
  note(name: string, note: SweepNote): Promise<void>;
}

export function createDynamoSweepNotes(deps: LedgerTableDeps): SweepNotes {
  const ledger = createLedgerTable(deps);
  const toKey = (name: string): LedgerKey => ({ pk: 'sweep', sk: name });

  return {
    async read(name) {
      const item = await ledger.get(toKey(name));
      if (item === undefined) return undefined;
      return {
        fromMs: readNumber(item.fromMs),
        toMs: readNumber(item.toMs),
        reachedMs: readNumber(item.reachedMs),
      };
    },
    async note(name, { fromMs, toMs, reachedMs }) {
      await ledger.update(toKey(name), 'SET fromMs = :from, toMs = :to, reachedMs = :reached', {
        ':from': number(fromMs),
        ':to': number(toMs),
        ':reached': number(reachedMs),
      });
    },
  };
}
