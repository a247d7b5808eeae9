import { toVisibleJson } from '../../core/text/to-visible.ts';
import type { Output } from '../output.ts';

/** One JSON document with a list in it, written item by item: however long it gets, nothing of it is kept. */
export interface ListJson {
  add(item: object): Promise<void>;
  /** Ends the list, and the document with further fields. */
  end(fields: object): Promise<void>;
}

export function createListJson(output: Output, name: string): ListJson {
  let written = 0;
  return {
    async add(item) {
      const before = written === 0 ? `{${toVisibleJson(name)}:[\n` : ',\n';
      written += 1;
      await output.write(`${before}${toVisibleJson(item)}`);
    },
    async end(fields) {
      const before = written === 0 ? `{${toVisibleJson(name)}:[]` : '\n]';
      const rest = toVisibleJson(fields).slice(1);
      await output.write(`${before}${rest === '}' ? '' : ','}${rest}\n`);
    },
  };
}
