// Writes docs/configuration.md from the schemas; with --check only says whether it is up to date.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('..', import.meta.url);
const PAGE = new URL('docs/configuration.md', root);

const read = (name) => JSON.parse(readFileSync(new URL(`schema/${name}.schema.json`, root), 'utf8'));

const code = (value) => `\`${typeof value === 'string' ? value : JSON.stringify(value)}\``;

function defaultOf(node) {
  if (node.default === undefined) {
    return '';
  }
  return node.default === '' ? 'empty' : code(node.default);
}

function rangeOf(node) {
  if (node.enum) {
    return node.enum.map(code).join(', ');
  }
  const from = node.minimum ?? node.exclusiveMinimum;
  const to = node.maximum;
  const unit = node['x-unit'] ? ` ${node['x-unit']}` : '';
  if (from === undefined && to === undefined) {
    return node['x-format'] ?? '';
  }
  if (to === undefined || to >= Number.MAX_SAFE_INTEGER) {
    return `from ${from}${unit}`;
  }
  return `${from} to ${to}${unit}`;
}

const cell = (text) => String(text).replaceAll('|', '\\|').replaceAll('\n', ' ');

/** What `#/$defs/aws`, or `source.schema.json#/$defs/aws`, points at. */
function definition(schema, ref) {
  const [file, path] = ref.split('#');
  const home = file === '' ? schema : read('source');
  const names = path.split('/').slice(1);
  return { home, found: names.reduce((node, name) => node[name], home) };
}

/** `following`: the definitions this one lies within; credentials may hold credentials. */
function rows(schema, node, prefix, following = []) {
  return Object.entries(node.properties ?? {}).flatMap(([name, given]) => {
    const { home, found } = given.$ref ? definition(schema, given.$ref) : { home: schema, found: {} };
    const own = { ...found, ...given };
    const path = prefix === '' ? name : `${prefix}.${name}`;
    const marks = [
      own['x-sensitive'] ? 'sensitive' : '',
      (node.required ?? []).includes(name) ? 'required' : '',
      own['x-available'] === undefined || prefix === '' ? '' : 'not available yet',
      own['x-refused'] ? 'refused' : '',
      own['x-notice'] ? `accepted: ${own['x-notice']}` : '',
    ];
    const help = [
      own.description ?? own.title ?? '',
      ...marks.filter(Boolean).map((mark) => `(${mark})`),
    ].join(' ');
    const example = own.examples?.[0] === undefined ? '' : code(own.examples[0]);
    const row = `| ${[code(path), help, defaultOf(own), rangeOf(own), example].map(cell).join(' | ')} |`;
    const open = own.properties !== undefined && !(given.$ref && following.includes(given.$ref));
    return [row, ...(open ? rows(home, own, path, [...following, given.$ref]) : [])];
  });
}

const HEADER = '| option | meaning | default | range | example |\n|---|---|---|---|---|\n';

function table(schema, node, keep) {
  const available = { ...node, properties: Object.fromEntries(Object.entries(node.properties).filter(keep)) };
  return HEADER + rows(schema, available, '').join('\n');
}

function page() {
  const source = read('source');
  const connectors = read('connectors');
  const isLater = ([, node]) => node['x-available'] !== undefined;
  const shared = ([name]) => !['$schema', 'sources', 'sinks', 'http'].includes(name);
  return `# Configuration

Made from \`schema/*.schema.json\` by \`node scripts/docs.mjs\`: mend the schema, not this page.

One file, YAML or JSON, in one of two shapes: a bare Pulsar \`SourceConfig\` as \`pulsar-admin\` takes it (a file written
for the Java connector works unchanged), or \`{ pulsar, aws, logLevel, shutdownTimeoutMs, sources: [SourceConfig…] }\`.
Any text may hold \`\${env:NAME}\` and \`\${file:/path}\`. Times are in milliseconds. Unknown keys are refused.

\`pulsar-io-kinesis config validate FILE\` names every problem at once; \`config show FILE\` prints what takes effect.

## Shared settings

${table(connectors, connectors, shared)}

## A source

Fields of Pulsar's \`SourceConfig\`.

${table(connectors, connectors.$defs.source, (entry) => entry[0] !== 'configs' && !isLater(entry))}

## \`configs\` of a Kinesis source

${table(source, source, (entry) => !isLater(entry))}

## Not available yet

These are known and refused unless they stand at the value that changes nothing.

${table(source, source, isLater)}
`;
}

const made = page();
if (process.argv.includes('--check')) {
  if (readFileSync(PAGE, 'utf8') !== made) {
    process.stderr.write(`${fileURLToPath(PAGE)} is out of date: run node scripts/docs.mjs\n`);
    process.exit(1);
  }
} else {
  writeFileSync(PAGE, made);
}
