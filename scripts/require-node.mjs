// Plain JavaScript on purpose: an older Node must be able to run this file and say what is wrong.
const REQUIRED_MAJOR = 24;
const found = process.versions.node;

if (Number(found.split('.')[0]) < REQUIRED_MAJOR) {
  console.error(
    `crisp-enrich needs Node ≥ ${REQUIRED_MAJOR}, found ${found}: install Node ${REQUIRED_MAJOR} and run the command again ` +
      '(on Linux `npm ci` brings it along; check that optional dependencies are not omitted).',
  );
  process.exit(1);
}

await import('../lib/cli/lean-start.mjs');
