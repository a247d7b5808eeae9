import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** What the page is made of, by the names that the browser asks for. */
export interface PageAssets {
  readonly 'page.js': string;
  readonly 'page.css': string;
}

/**
 * Makes the page's assets of its sources. Of the repository alone: a release has them made in advance. Rejects where they
 * do not compile.
 */
export async function bundlePage(): Promise<PageAssets> {
  const [script, style] = await Promise.all([bundle('main.tsx'), bundle('style.css')]);
  return { 'page.js': script, 'page.css': style };
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`./page/${entry}`, import.meta.url))],
    bundle: true,
    write: false,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'none',
    logLevel: 'silent',
    define: { 'process.env.NODE_ENV': '"production"' },
  });
  return outputFiles[0]?.text ?? '';
}
