// Spares a start what Node and packages load and nothing of ours uses. Plain JavaScript, for it is imported before
// anything else is.
import module from 'node:module';
import { fileURLToPath } from 'node:url';

// Most of a start was to strip types and to compile. Where the folder cannot be written, nothing is kept.
module.enableCompileCache(fileURLToPath(new URL('../../node_modules/.cache/crisp-enrich', import.meta.url)));

// An ESM import of node:http reads all of its exports, and these load Node's own copy of undici: that takes as long as an
// empty process.
const http = process.getBuiltinModule('node:http');
for (const name of ['WebSocket', 'CloseEvent', 'MessageEvent']) delete http[name];

// zod brings its messages in sixty languages, each of them a file: that takes as long again. Ours are our own.
const LANGUAGES = /\/locales\/index\.js$/;
const NOTHING = { url: 'data:text/javascript,export {}', format: 'module', shortCircuit: true };

const askedBy = new Set();

const hooks = module.registerHooks({
  resolve(specifier, context, next) {
    if (!LANGUAGES.test(specifier) || !context.parentURL?.includes('/node_modules/zod/'))
      return next(specifier, context);
    // Two files of zod ask for them. After that every other import is spared the hook.
    if (askedBy.add(context.parentURL).size === 2) hooks.deregister();
    return NOTHING;
  },
});
