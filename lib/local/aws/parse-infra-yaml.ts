import { type CollectionTag, isMap, isSeq, parseDocument, type ScalarTag } from 'yaml';
import { InfraError } from './infra-error.ts';

// Short tag → the name of CloudFormation's long form.
const SHORT_TAGS = new Map([
  ['Ref', 'Ref'],
  ['Condition', 'Condition'],
  ...['Base64', 'Cidr', 'FindInMap', 'GetAtt', 'GetAZs', 'ImportValue', 'Join', 'Select', 'Split', 'Sub'].map(
    toLongForm,
  ),
  ...['And', 'Equals', 'If', 'Not', 'Or', 'Transform'].map(toLongForm),
]);

const CLOUDFORMATION_TAGS = [...SHORT_TAGS].flatMap(([short, long]) => toTags(short, long));

/**
 * Parses CloudFormation's YAML: `!GetAtt Queue.Arn` becomes `{ 'Fn::GetAtt': 'Queue.Arn' }`, as in the long form. An
 * empty file is an empty object. Throws `InfraError` with the first mistake of the file.
 */
export function parseInfraYaml(text: string, fileName: string): unknown {
  const document = parseDocument(text, { customTags: CLOUDFORMATION_TAGS, schema: 'core' });
  const [mistake] = document.errors;
  if (mistake)
    throw new InfraError('infra_unreadable', `${fileName}: ${mistake.message}`, { cause: mistake });
  return document.toJS() ?? {};
}

function toLongForm(name: string): [string, string] {
  return [name, `Fn::${name}`];
}

// A tag may stand before a scalar, a list or a map; the library wants one entry for each.
function toTags(short: string, long: string): (ScalarTag | CollectionTag)[] {
  const tag = `!${short}`;
  return [
    { tag, resolve: (text: string) => ({ [long]: text }) },
    { tag, collection: 'seq', resolve: (node) => ({ [long]: isSeq(node) ? node.toJSON() : [] }) },
    { tag, collection: 'map', resolve: (node) => ({ [long]: isMap(node) ? node.toJSON() : {} }) },
  ];
}
