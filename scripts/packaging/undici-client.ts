import type { Plugin } from 'esbuild';

const NAMESPACE = 'undici-client';

// What undici's own index does for these names, without the other things that it loads.
const CLIENT = `
  import api from 'undici/lib/api/index.js';
  import buildConnector from 'undici/lib/core/connect.js';
  import errors from 'undici/lib/core/errors.js';
  import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
  import Pool from 'undici/lib/dispatcher/pool.js';
  Object.assign(Dispatcher.prototype, api);
  export { buildConnector, errors, Pool };
`;

/**
 * Bundles undici's connection pool alone. Its index is CommonJS, so no bundler can drop what is not used of it: fetch,
 * web sockets, caches and mocks are the larger half. An import of anything else fails the build, and belongs here.
 */
export function undiciClient(root: string): Plugin {
  return {
    name: NAMESPACE,
    setup(build) {
      build.onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: NAMESPACE }));
      build.onLoad({ filter: /.*/, namespace: NAMESPACE }, () => ({
        contents: CLIENT,
        loader: 'js',
        resolveDir: root,
      }));
    },
  };
}
