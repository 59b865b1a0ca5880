import { readFileSync } from 'node:fs';
import {
  dereference,
  propertyOf,
  type SchemaNode,
  type SchemaPlace,
  schemaRoot,
} from '../../../src/config/schema';
import { page, rowsOf, section } from '../../support/markdown';

type JavaValue = string | number | boolean | null;

/** Options of the connector in apache/pulsar-connectors, KinesisSourceConfig and KinesisSinkConfig, with their defaults. */
const JAVA = JSON.parse(readFileSync('test/fixtures/java-options.json', 'utf8')) as {
  readonly [kind in 'source' | 'sink']: { readonly [option: string]: JavaValue };
};

const text = page('docs/moving-from-java.md');

const written = (value: JavaValue): string =>
  value === null ? '–' : value === '' ? 'empty' : `\`${value}\``;

/** What becomes of an option by the marks of the schema. */
function verdict(node: SchemaNode, java?: JavaValue): string {
  if (node['x-refused'] !== undefined) {
    return 'refused';
  }
  if (node['x-notice'] !== undefined) {
    return 'accepted';
  }
  return node.default === (java ?? undefined) ? 'same' : 'differs';
}

/** The row that the schema and Java's defaults ask for; the last cell as it is when no mark gives a reason. */
const optionRow = (name: string, java: JavaValue, node: SchemaNode, remark = ''): string[] => [
  `\`${name}\``,
  written(java),
  verdict(node, java),
  node['x-refused'] ?? node['x-notice'] ?? remark,
];

test.each(['source', 'sink'] as const)(
  'every option of the Java %s stands on the page as the schema has it',
  (kind) => {
    const [, ...rows] = rowsOf(section(text, `## Options of a ${kind} (\`configs\`)`));
    const remarks = new Map(rows.map(([name = '', , , remark = '']) => [name, remark]));
    const wanted = Object.entries(JAVA[kind]).map(([name, java]) => {
      const node = propertyOf(schemaRoot(kind), name)?.node;
      return node === undefined
        ? [name, 'is not in the schema']
        : optionRow(name, java, node, remarks.get(`\`${name}\``));
    });
    expect(rows).toEqual(wanted);
  },
);

test('the page says in its first lines which defaults differ, and why in their rows', () => {
  const differing = rowsOf(text).filter(([, , here]) => here === 'differs');
  expect(differing.map(([name]) => name)).toEqual([
    '`useEnhancedFanOut`',
    '`aggregationEnabled`',
    '`recordTtl`',
  ]);
  const intro = text.slice(0, text.indexOf('\n## '));
  expect(differing.filter(([name = '']) => !intro.includes(name))).toEqual([]);
  expect(differing.filter(([, , , why = '']) => !/for Java's way$/.test(why))).toEqual([]);
});

test('no marked option of the sink is left out', () => {
  const marked = Object.entries(schemaRoot('sink').node.properties ?? {}).filter(
    ([, node]) => 'x-refused' in node || 'x-notice' in node,
  );
  expect(marked.map(([name]) => name).filter((name) => !(name in JAVA.sink))).toEqual([]);
});

/** Every field with a mark, at any depth, as the page writes it. */
function markedFields(place: SchemaPlace, path = ''): [string, string, string][] {
  const { document, node } = dereference(place);
  const { 'x-refused': refused, 'x-notice': notice, properties = {}, additionalProperties } = node;
  const reason = refused ?? notice;
  if (reason !== undefined) {
    return [[`\`${path}\``, refused === undefined ? 'accepted' : 'refused', reason]];
  }
  const named = Object.entries(properties).flatMap(([name, child]) =>
    markedFields({ document, node: child }, path === '' ? name : `${path}.${name}`),
  );
  return typeof additionalProperties === 'object'
    ? [...named, ...markedFields({ document, node: additionalProperties }, `${path}.*`)]
    : named;
}

test.each(['source', 'sink'])(
  'every field of a %s that is not kept stands on the page with its reason',
  (kind) => {
    const { document } = schemaRoot('connectors');
    const node = document.$defs?.[kind] ?? {};
    const [ofSource = '', ofSink = ''] = section(text, '## Fields of `SourceConfig` and `SinkConfig`').split(
      '\nA sink:\n',
    );
    const [, ...rows] = rowsOf(kind === 'source' ? ofSource : ofSink);
    // A reason may end with the one value that is meant: "(MANUAL only)".
    const told = rows.map(([field, here, why = '']) => [field, here, why.replace(/ \(\w+ only\)$/, '')]);
    expect(told).toEqual(markedFields({ document, node }));
  },
);
