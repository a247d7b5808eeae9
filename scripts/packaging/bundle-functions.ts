import { readdir } from 'node:fs/promises';
import { builtinModules } from 'node:module';
import { basename, dirname, join, relative } from 'node:path';
import { build, type Metafile, type Plugin } from 'esbuild';

/** One Lambda function as a single file of JavaScript. */
export interface FunctionBundle {
  readonly name: string;
  readonly code: Uint8Array;
  /** Paths of all files in it, relative to the root, sorted. */
  readonly inputs: readonly string[];
  /** How much each package has in it, largest first; our own files are `crisp-enrich`. */
  readonly packages: readonly PackageShare[];
}

interface PackageShare {
  readonly name: string;
  readonly bytes: number;
}

/**
 * Bundles every file of `functions/`, one function each. The same sources give the same bytes. Throws esbuild's
 * `BuildFailure` where one does not compile.
 */
export async function bundleFunctions(root: string): Promise<FunctionBundle[]> {
  const files = await readdir(join(root, 'functions'));
  const entries = files.filter((file) => file.endsWith('.ts')).sort();
  // One build, because most of the work is reading what the functions have in common.
  const { outputFiles, metafile } = await build({
    absWorkingDir: root,
    entryPoints: entries.map((entry) => join('functions', entry)),
    outdir: root,
    bundle: true,
    write: false,
    metafile: true,
    minify: true,
    format: 'esm',
    platform: 'node',
    target: 'node24',
    // `main` first would take the CommonJS build of the AWS SDK, which an ESM bundle can neither shake nor load.
    mainFields: ['module', 'main'],
    legalComments: 'none',
    logLevel: 'silent',
    plugins: [nodeBuiltins, undiciClient(root), leftOut],
  });
  return outputFiles.map(({ path, contents: code }) => {
    const { inputs = {} } = metafile.outputs[relative(root, path)] ?? {};
    const name = basename(path, '.js');
    return { name, code, inputs: Object.keys(inputs).sort(), packages: toPackageShares(inputs) };
  });
}

function toPackageShares(inputs: Metafile['outputs'][string]['inputs']): PackageShare[] {
  const bytes = new Map<string, number>();
  for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
    const name = toPackageName(path);
    bytes.set(name, (bytes.get(name) ?? 0) + bytesInOutput);
  }
  return [...bytes].map(([name, sum]) => ({ name, bytes: sum })).sort((a, b) => b.bytes - a.bytes);
}

function toPackageName(path: string): string {
  const inPackages = path.split('node_modules/').at(-1);
  if (inPackages === undefined || inPackages === path) return 'crisp-enrich';
  return inPackages.split('/', inPackages.startsWith('@') ? 2 : 1).join('/');
}

const BUILTIN_NAMESPACE = 'node-builtin';
const BUILTINS = new Set(builtinModules);

/**
 * Takes Node's own modules by `process.getBuiltinModule` instead of `import`, and of each only the names that are used. An
 * ESM import of `node:http` reads all of its exports, and one of them loads the whole of undici (37 ms of a cold start,
 * against 4 ms this way); and CommonJS packages in an ESM bundle have no `require` for them.
 */
const nodeBuiltins: Plugin = {
  name: BUILTIN_NAMESPACE,
  setup(build) {
    build.onResolve({ filter: /^(node:)?[a-z_]+(\/[a-z_]+)*$/ }, ({ path, kind }) => {
      const name = path.replace(/^node:/, '');
      if (!path.startsWith('node:') && !BUILTINS.has(name)) return undefined;
      return { path: `node:${name}`, namespace: BUILTIN_NAMESPACE, suffix: `?${kind}` };
    });
    build.onLoad({ filter: /.*/, namespace: BUILTIN_NAMESPACE }, ({ path, suffix }) => ({
      contents: suffix === '?import-statement' ? toModule(path) : toCommonJs(path),
      loader: 'js',
    }));
  },
};

function toCommonJs(name: string): string {
  return `module.exports = process.getBuiltinModule(${JSON.stringify(name)});`;
}

/** Reads no property that nobody imports: some of them load a part of Node when they are first looked at. */
function toModule(name: string): string {
  const names = Object.keys(process.getBuiltinModule(name) ?? {}).filter((key) => IDENTIFIER.test(key));
  return [
    `const builtin = process.getBuiltinModule(${JSON.stringify(name)});`,
    'export default builtin;',
    ...names.map((key) => `const its_${key} = /* @__PURE__ */ (() => builtin.${key})();`),
    `export { ${names.map((key) => `its_${key} as ${key}`).join(', ')} };`,
  ].join('\n');
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

const UNDICI_NAMESPACE = 'undici-client';

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
function undiciClient(root: string): Plugin {
  return {
    name: UNDICI_NAMESPACE,
    setup(build) {
      build.onResolve({ filter: /^undici$/ }, () => ({ path: 'undici', namespace: UNDICI_NAMESPACE }));
      build.onLoad({ filter: /.*/, namespace: UNDICI_NAMESPACE }, () => ({
        contents: CLIENT,
        loader: 'js',
        resolveDir: root,
      }));
    },
  };
}

// What a function on Lambda never runs, by the end of its path; the rest of each package stays as it is.
const LEFT_OUT: Readonly<Record<string, string>> = {
  // Lambda puts credentials into the environment. The SDK's chain brings SSO, STS and three clients for the other places.
  '@aws-sdk/credential-provider-node/dist-es/index.js':
    "import { fromEnv } from '@aws-sdk/credential-provider-env'; export const defaultProvider = () => fromEnv();",
  // For answers that are streams of events, of which no function asks for one. It is the SDK's only import() of another
  // module: with it esbuild can neither drop nor inline what the two have in common.
  '@smithy/core/dist-es/submodules/event-streams/index.js':
    'export const EventStreamSerde = undefined, eventStreamSerdeProvider = undefined; export const resolveEventStreamSerdeConfig = (config) => config;',
  // A second HTTP parser, which a variable of the environment would turn on, and the first one without SIMD, which both
  // of Lambda's architectures have. Each is a WebAssembly module as text.
  'undici/lib/dispatcher/parser-h1.js': 'module.exports = { getMiloEnabled: () => false };',
  'undici/lib/llhttp/llhttp-wasm.js': 'module.exports = undefined;',
  // The client asks for HTTP/1.1 alone.
  'undici/lib/dispatcher/client-h2.js': 'module.exports = undefined;',
  // Loaded for a body that is a form.
  'undici/lib/web/fetch/body.js': 'module.exports = {};',
  'undici/lib/web/fetch/formdata.js': 'module.exports = {};',
  'undici/lib/web/webidl/index.js': 'module.exports = {};',
};

/** Puts next to nothing in the place of what is never run: it would be read, and partly compiled, at every cold start. */
const leftOut: Plugin = {
  name: 'left-out',
  setup(build) {
    const paths = Object.keys(LEFT_OUT).map((path) => path.replaceAll('.', '\\.'));
    build.onLoad({ filter: new RegExp(`node_modules/(${paths.join('|')})$`) }, ({ path }) => ({
      contents: LEFT_OUT[path.split('node_modules/').at(-1) ?? ''] ?? '',
      loader: 'js',
      resolveDir: dirname(path),
    }));
  },
};
