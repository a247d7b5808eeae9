import { readdir, readFile, stat } from 'node:fs/promises';
import type { PageAssets } from './bundle.ts';

/** Gives the page's assets: those of the release, or in the repository those of its sources as they are now. */
export type ReadAssets = () => Promise<PageAssets>;

/** Assets are made at the first request, and again once a source has changed. */
export function createAssets(): ReadAssets {
  let made: Promise<PageAssets> | undefined;
  let madeOf = '';
  return async () => {
    const state = await readState();
    if (made === undefined || state !== madeOf) {
      madeOf = state;
      made = makeAssets();
      // What did not compile is tried again, although nothing has changed.
      made.catch(() => {
        madeOf = '';
      });
    }
    return made;
  };
}

const BUILT = new URL('./assets/', import.meta.url);
const SOURCES = new URL('./page/', import.meta.url);

async function makeAssets(): Promise<PageAssets> {
  const [script, style] = await Promise.all(['page.js', 'page.css'].map(readBuilt));
  if (script !== undefined && style !== undefined) return { 'page.js': script, 'page.css': style };
  const { bundlePage } = await import('./bundle.ts');
  return bundlePage();
}

function readBuilt(name: string): Promise<string | undefined> {
  return readFile(new URL(name, BUILT), 'utf8').catch(() => undefined);
}

/** Names and times of the sources; empty where there are none. */
async function readState(): Promise<string> {
  const names = await readdir(SOURCES, { recursive: true }).catch(() => []);
  const times = await Promise.all(names.map(async (name) => (await stat(new URL(name, SOURCES))).mtimeMs));
  return names.map((name, at) => `${name} ${times[at]}`).join('\n');
}
