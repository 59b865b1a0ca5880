import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type CompletionList,
  getLanguageService,
  type Hover,
  type MarkedString,
  TextDocument,
} from 'vscode-json-languageservice';
import { createMessageConnection, StreamMessageReader, StreamMessageWriter } from 'vscode-jsonrpc/node';
import { editorSchema, type SchemaName } from '../../../src/config';
import { get } from '../../../src/config/tree';

const GOOD = join(__dirname, '../../fixtures/config/good');
const NAMES: readonly SchemaName[] = ['connectors', 'source', 'sink'];

/** What an editor with the JSON language service of VS Code does. */
const service = getLanguageService({});
service.configure({
  validate: true,
  schemas: NAMES.map((name) => ({
    uri: `test://schema/${name}`,
    fileMatch: [`*.${name}.json`],
    schema: editorSchema(name),
  })),
});

/** A document of that shape; `|` is where the cursor stands. */
function typed(name: SchemaName, text: string) {
  const at = text.indexOf('|');
  const plain = at < 0 ? text : text.slice(0, at) + text.slice(at + 1);
  const document = TextDocument.create(`file:///a.${name}.json`, 'json', 1, plain);
  return { document, position: document.positionAt(at), json: service.parseJSONDocument(document) };
}

const complaints = async (name: SchemaName, text: string): Promise<string[]> => {
  const { document, json } = typed(name, text);
  return (await service.doValidation(document, json)).map(({ message }) => String(message));
};

const labels = (list: CompletionList | null): string[] => (list?.items ?? []).map(({ label }) => label);

const textOf = (hover: Hover | null): string =>
  [(hover?.contents ?? []) as MarkedString | MarkedString[]]
    .flat()
    .map((part) => (typeof part === 'string' ? part : part.value))
    .join('\n');

/** The shape of a good file by its content. */
function shapeOf(config: { readonly [name: string]: unknown }): SchemaName {
  if ('sources' in config || 'sinks' in config) {
    return 'connectors';
  }
  return 'topicName' in config ? 'source' : 'sink';
}

test.each(readdirSync(GOOD).filter((file) => file.endsWith('.json')))(
  'an editor finds nothing wrong with %s',
  async (file) => {
    const text = readFileSync(join(GOOD, file), 'utf8');
    // Java's tools write null for what is not set; a person who sees it marked loses nothing by taking it away.
    const config = JSON.parse(text, (_key, value) => (value === null ? undefined : value));
    const problems = await complaints(shapeOf(config), JSON.stringify(config));
    // Options of the Java connector without effect are marked, not refused.
    const marks = [...JSON.stringify(editorSchema('connectors')).matchAll(/"deprecationMessage":"([^"]*)"/g)];
    expect(problems.filter((message) => !marks.some(([, mark]) => mark === message))).toEqual([]);
  },
);

test('a key that does not exist, a value of the wrong kind and a missing option are marked', async () => {
  const text =
    '{"name":"orders","topicName":"orders","configs":{"awsKinesisStreamNam":"orders","failoverTime":"soon"}}';
  expect((await complaints('source', text)).sort()).toEqual([
    expect.stringMatching(/Missing property "awsKinesisStreamName"/),
    expect.stringMatching(/awsKinesisStreamNam is not allowed/),
    expect.stringMatching(/pattern/),
  ]);
});

test('a reference may stand wherever the loader takes one', async () => {
  const configs = { awsKinesisStreamName: '$', failoverTime: '$', useEnhancedFanOut: '$' };
  const source = { name: 'orders', topicName: 'orders', parallelism: '$', configs };
  const text = JSON.stringify(source).replaceAll('"$"', `"\${env:VALUE}"`);
  expect(await complaints('source', text)).toEqual([]);
});

test('the options of a connector and the values of each are offered, those without effect are not', async () => {
  const { document, position, json } = typed('connectors', '{"sources":[{"configs":{"|"}}]}');
  const options = labels(await service.doComplete(document, position, json));
  expect(options).toEqual(expect.arrayContaining(['awsKinesisStreamName', 'failoverTime', 'outputFormat']));
  const value = typed('connectors', '{"sources":[{"configs":{"outputFormat":|}}]}');
  const values = labels(await service.doComplete(value.document, value.position, value.json));
  expect(values).toEqual(expect.arrayContaining(['"bytes"', '"envelope"']));
  const sink = typed('sink', '{"configs":{"|"}}');
  const sinkOptions = labels(await service.doComplete(sink.document, sink.position, sink.json));
  expect(sinkOptions).toContain('partitionColumn');
  expect(sinkOptions).not.toContain('nativeExecutable');
});

test('the help text of an option says meaning, default, range and environment variable', async () => {
  const at = typed('source', '{"configs":{"failover|Time":10000}}');
  const help = textOf(await service.doHover(at.document, at.position, at.json));
  expect(help).toMatch(/Default: `10000`.*Values: \d+ to \d+ milliseconds/s);
  const url = typed('connectors', '{"pulsar":{"service|Url":"pulsar://localhost"}}');
  const shared = textOf(await service.doHover(url.document, url.position, url.json));
  expect(shared).toContain('PULSAR_IO_KINESIS_');
});

test.each(NAMES)('the schema %s stands alone and has none of our own keywords', (name) => {
  const text = JSON.stringify(editorSchema(name));
  expect(text).not.toMatch(/"x-[a-z]+":|"\$ref":"[^#]/);
  for (const [, path = ''] of text.matchAll(/"\$ref":"#\/([^"]+)"/g)) {
    const target = path.split('/').reduce<unknown>((at, key) => get(at, key), editorSchema(name));
    expect({ path, target }).toEqual({ path, target: expect.any(Object) });
  }
});

test('the YAML language server offers and explains options by a $schema line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'editor-'));
  const schema = join(folder, 'connectors.schema.json');
  writeFileSync(schema, JSON.stringify(editorSchema('connectors')));
  const server = join(__dirname, '../../../node_modules/yaml-language-server/bin/yaml-language-server');
  const child = spawn(process.execPath, [server, '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  const connection = createMessageConnection(
    new StreamMessageReader(child.stdout),
    new StreamMessageWriter(child.stdin),
  );
  try {
    connection.listen();
    await connection.sendRequest('initialize', { processId: null, rootUri: null, capabilities: {} });
    await connection.sendNotification('initialized', {});
    await connection.sendNotification('workspace/didChangeConfiguration', {
      settings: { yaml: { completion: true, hover: true, validate: true, schemaStore: { enable: false } } },
    });
    const uri = `file://${folder}/connectors.yaml`;
    const text = [
      `# yaml-language-server: $schema=${schema}`,
      'sources:',
      '  - name: orders',
      '    topicName: orders',
      '    configs:',
      '      failoverTime: 10000',
      '      awsK',
      '',
    ].join('\n');
    await connection.sendNotification('textDocument/didOpen', {
      textDocument: { uri, languageId: 'yaml', version: 1, text },
    });
    const at = (line: number, character: number) => ({
      textDocument: { uri },
      position: { line, character },
    });
    const offered: CompletionList = await connection.sendRequest('textDocument/completion', at(6, 10));
    expect(labels(offered)).toContain('awsKinesisStreamName');
    const hover: Hover = await connection.sendRequest('textDocument/hover', at(5, 10));
    expect(JSON.stringify(hover)).toContain('Default: `10000`');
  } finally {
    connection.dispose();
    child.kill();
    rmSync(folder, { recursive: true });
  }
}, 30_000);
