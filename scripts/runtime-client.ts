import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

// `npm run runtime-client`: AWS's own runtime client for the tests in test/runtime. It is a package folder of its own,
// because it is built from C++ when it is installed, and the project's own installation builds nothing.
const folder = fileURLToPath(new URL('../test/runtime/client', import.meta.url));
const built = join(folder, 'node_modules/aws-lambda-ric/rapid-client.node');

if (existsSync(built)) {
  console.log("AWS's runtime client is built already.");
} else {
  const isDone =
    (await runNpm(['ci'])) && (await runNpm(['rebuild', 'aws-lambda-ric', '--ignore-scripts=false']));
  if (!isDone || !existsSync(built)) {
    console.error(
      "AWS's runtime client could not be built: it needs Linux, cmake, g++, make, python3 and xz, and the npm registry. " +
        'Without it the tests in test/runtime are skipped.',
    );
    process.exitCode = 1;
  }
}

/** Runs npm in the folder; true where it ended well. */
async function runNpm(words: readonly string[]): Promise<boolean> {
  const child = spawn('npm', [...words, '--prefix', folder], {
    cwd: folder,
    stdio: 'inherit',
    // The headers that came with this Node; node-gyp would fetch them from Node's own site.
    env: { ...process.env, npm_config_nodedir: join(dirname(process.execPath), '..') },
  });
  return new Promise((resolve) => {
    child.on('error', () => resolve(false)).on('close', (code) => resolve(code === 0));
  });
}
