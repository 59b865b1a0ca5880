import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSink, createSource } from '../../../src/runtime/connector-registry';
import { KinesisSink } from '../../../src/sink/kinesis-sink';
import { KinesisSource } from '../../../src/source/kinesis-source';

const SOURCE = 'class { async open() {} async read() {} async close() {} mine() { return "source"; } }';
const SINK = 'class { async open() {} async write() {} async close() {} mine() { return "sink"; } }';

describe('connector registry', () => {
  const folder = mkdtempSync(join(tmpdir(), 'connector-registry-'));
  let modules = 0;
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Path of a module that says `text`. */
  function moduleOf(text: string): string {
    const path = join(folder, `module-${++modules}.cjs`);
    writeFileSync(path, text);
    return path;
  }

  test.each(['kinesis', 'builtin://kinesis'])('%s is both our source and our sink', (name) => {
    expect(createSource(name)).toBeInstanceOf(KinesisSource);
    expect(createSink(name)).toBeInstanceOf(KinesisSink);
  });

  it('knows the Java classes, each in its own kind', () => {
    expect(createSource('org.apache.pulsar.io.kinesis.KinesisSource')).toBeInstanceOf(KinesisSource);
    expect(createSink('org.apache.pulsar.io.kinesis.KinesisSink')).toBeInstanceOf(KinesisSink);
    expect(() => createSource('org.apache.pulsar.io.kinesis.KinesisSink')).toThrow('no source named');
    expect(() => createSink('org.apache.pulsar.io.kinesis.KinesisSource')).toThrow('no sink named');
  });

  it('takes the one class of a module that fits, whatever it is called', () => {
    const path = moduleOf(`exports.Mine = ${SINK}; exports.Other = ${SOURCE}; exports.help = () => 1;`);
    expect(createSink(path)).toHaveProperty('mine');
    expect((createSink(path) as unknown as { mine(): string }).mine()).toBe('sink');
    expect((createSource(path) as unknown as { mine(): string }).mine()).toBe('source');
  });

  it('takes the class named Sink where several fit', () => {
    const path = moduleOf(`exports.A = ${SINK}; exports.Sink = ${SINK.replace('"sink"', '"named"')};`);
    expect((createSink(path) as unknown as { mine(): string }).mine()).toBe('named');
  });

  test.each([
    ['no fitting class', `exports.Sink = ${SOURCE};`, 'exports 0 sinks'],
    ['several and no Sink', `exports.A = ${SINK}; exports.B = ${SINK};`, 'exports 2 sinks'],
    ['an error at loading', 'throw new Error("broken module");', 'broken module'],
  ])('refuses a module with %s', (_what, text, message) => {
    const path = moduleOf(text);
    expect(() => createSink(path)).toThrow(message);
    expect(() => createSink(path)).toThrow(expect.objectContaining({ code: 'CONNECTOR_UNKNOWN' }));
  });

  it('names what it cannot find', () => {
    expect(() => createSink('./not-there.js')).toThrow('./not-there.js cannot be loaded');
    expect(() => createSink('toString')).toThrow('no sink named toString');
  });
});
