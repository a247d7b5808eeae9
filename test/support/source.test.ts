import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findImports, splitSource, withoutSegments } from './source.ts';

const words = (source: string) => withoutSegments(source, 'comment', 'text', 'regex').match(/\w+/g) ?? [];

test('only code is left when comments, texts and regular expressions are taken out', () => {
  const source = [
    'const a = 1; // no await',
    '/* no\n await */ const b = "no await";',
    "const c = 'it\\'s no await';",
    'const d = /no await[/]/g.test(a);',
    'const e = a / b / c;',
  ].join('\n');

  expect(words(source).join(' ')).toBe('const a 1 const b const c const d test a const e a b c');
});

test('a placeholder of a template is code, and the text around it is not', () => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a source file, not a forgotten template
  const source = 'const a = `no ${b + `none ${c} either` + { d }.d} await`; e();';

  expect(words(source)).toEqual(['const', 'a', 'b', 'c', 'd', 'd', 'e']);
});

test('lines stay where they were', () => {
  const source = 'a;\n/* one\ntwo */ b;\n`x\ny`; c;';

  expect(withoutSegments(source, 'comment', 'text').split('\n')).toHaveLength(source.split('\n').length);
});

test('splitting loses nothing, whatever the text', () => {
  const piece = fc.constantFrom(
    '`',
    '${',
    '}',
    '{',
    '/',
    '//',
    '/*',
    '*/',
    "'",
    '"',
    '\\',
    '\n',
    'a',
    ' ',
    '=',
  );
  fc.assert(
    fc.property(fc.array(piece), (pieces) => {
      const source = pieces.join('');
      expect(
        splitSource(source)
          .map(({ text }) => text)
          .join(''),
      ).toBe(source);
    }),
  );
});

test('every way to import is found, and none that is only spoken of', () => {
  const text = [
    "import a from './a.ts';",
    "import {\n  b,\n} from '../b.ts';",
    "import type { C } from 'c';",
    "export * from './d.ts';",
    "import './e.ts';",
    "const f = await import('./f.ts');",
    "// import g from './g.ts';",
  ].join('\n');

  expect(findImports({ path: 'lib/x/y.ts', text }).map(({ path, specifier }) => path ?? specifier)).toEqual([
    'lib/x/a.ts',
    'lib/b.ts',
    'c',
    'lib/x/d.ts',
    'lib/x/e.ts',
    'lib/x/f.ts',
  ]);
});
