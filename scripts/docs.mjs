// Writes docs/configuration.md from the schemas, and docs/metrics.md; with --check only says whether they are up to date.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { metricsPage } from './docs-metrics.mjs';

const root = new URL('..', import.meta.url);

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
  const home = file === '' ? schema : read(file.replace('.schema.json', ''));
  const names = path.split('/').slice(1);
  return { home, found: names.reduce((node, name) => node[name], home) };
}

/** Values that change nothing, of an option that is refused otherwise. */
function unless(node) {
  const neutral = (node['x-neutral'] ?? []).filter((value) => value !== '' && typeof value !== 'object');
  return neutral.length === 0 ? '' : ` unless ${neutral.map(code).join(' or ')}`;
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
      own['x-refused'] ? `refused${unless(own)}` : '',
      own['x-notice'] ? `accepted: ${own['x-notice']}` : '',
    ];
    const help = [own.description ?? own.title ?? '', ...marks.filter(Boolean).map((mark) => `(${mark})`)]
      .join(' ')
      .replaceAll('<', '\\<');
    const example = own.examples?.[0] === undefined ? '' : code(own.examples[0]);
    const row = `| ${[code(path), help, defaultOf(own), rangeOf(own), example].map(cell).join(' | ')} |`;
    const each = own.additionalProperties?.properties === undefined ? undefined : own.additionalProperties;
    const [inner, below] = each === undefined ? [own, path] : [each, `${path}.<topic>`];
    const open = inner.properties !== undefined && !(given.$ref && following.includes(given.$ref));
    return [row, ...(open ? rows(home, inner, below, [...following, given.$ref]) : [])];
  });
}

const HEADER = '| option | meaning | default | range | example |\n|---|---|---|---|---|\n';

/** What is described once, among the shared settings. */
const ELSEWHERE = ['#/$defs/aws', 'source.schema.json#/$defs/aws'];

function table(schema, node, keep, following = ELSEWHERE) {
  const available = { ...node, properties: Object.fromEntries(Object.entries(node.properties).filter(keep)) };
  return HEADER + rows(schema, available, '', following).join('\n');
}

function page() {
  const source = read('source');
  const sink = read('sink');
  const connectors = read('connectors');
  const { source: sourceFields, sink: sinkFields } = connectors.$defs;
  const isField = (entry) => !['$schema', 'configs'].includes(entry[0]);
  const shared = ([name]) => !['$schema', 'sources', 'sinks'].includes(name);
  return `# Configuration

Made from \`schema/*.schema.json\` by \`node scripts/docs.mjs\`: mend the schema, not this page.

One file, YAML or JSON, in one of two shapes: a bare Pulsar \`SourceConfig\` or \`SinkConfig\` as \`pulsar-admin\` takes
it (a file written for the Java connector works unchanged), or
\`{ pulsar, aws, http, logLevel, shutdownTimeoutMs, restart, sources: [SourceConfig…], sinks: [SinkConfig…] }\`.
Any text may hold \`\${env:NAME}\`, \`\${file:/path}\` and \`\${secret:NAME}\` of AWS Secrets Manager ([how](network.md#secrets)). Times are in milliseconds. Unknown keys are refused.

\`pulsar-io-kinesis config validate FILE\` names every problem at once; \`config show FILE\` prints what takes effect.

## Shared settings

${table(connectors, connectors, shared, [])}

What a connector has under \`configs.aws\` goes before the shared \`aws\`, setting by setting.

## A source

Fields of Pulsar's \`SourceConfig\`.

${table(connectors, sourceFields, isField)}

## \`configs\` of a Kinesis source

${table(source, source, () => true)}

## A sink

Fields of Pulsar's \`SinkConfig\`. The subscription is Failover with \`retainOrdering\` or \`EFFECTIVELY_ONCE\`, Key_Shared
with \`retainKeyOrdering\`, else Shared, as in the Java runtime.

${table(connectors, sinkFields, isField)}

## \`configs\` of a Kinesis sink

${table(sink, sink, () => true)}
`;
}

const pages = { 'docs/configuration.md': page(), 'docs/metrics.md': metricsPage() };
for (const [name, made] of Object.entries(pages)) {
  const path = new URL(name, root);
  if (!process.argv.includes('--check')) {
    writeFileSync(path, made);
  } else if (!existsSync(path) || readFileSync(path, 'utf8') !== made) {
    process.stderr.write(`${fileURLToPath(path)} is out of date: run node scripts/docs.mjs\n`);
    process.exitCode = 1;
  }
}
