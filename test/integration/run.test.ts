import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { runProgram } from '../../src/cli/program';
import { createTransport, type LoadedConfig, loadConfigObject, runConnectors } from '../../src/index';
import { processBroker } from '../../src/pulsar/create-transport';
import { systemClock } from '../../src/util/clock';
import { deferred } from '../../src/util/deferred';
import { type Logger, silentLogger } from '../../src/util/logger';
import { systemRandom } from '../../src/util/random';
import { ANY_PORT } from '../support/http-settings';
import { denied, PlayedSink, textOf } from '../support/runner-lab';

const SINK = `
const { appendFileSync } = require('node:fs');
exports.LineSink = class {
  async open(config) { this.file = config.file; }
  async write(record) {
    const text = Buffer.from(record.value).toString();
    if (text === 'bad') {
      record.fail(new Error('no good'));
      return;
    }
    appendFileSync(this.file, [record.topicName, record.key, text].join(' ') + '\\n');
    record.ack();
  }
  async close() { appendFileSync(this.file, 'closed\\n'); }
};`;

/** A logger, and the address that the run says it answers at. */
function addressOf(): { readonly logger: Logger; readonly url: Promise<string> } {
  const url = deferred<string>();
  const logger: Logger = {
    ...silentLogger,
    info: (fields) => typeof fields.url === 'string' && url.resolve(fields.url),
    child: () => logger,
  };
  return { logger, url: url.promise };
}

describe('run', () => {
  const folder = mkdtempSync(join(tmpdir(), 'run-test-'));
  const file = (name: string): string => join(folder, name);
  afterAll(() => rmSync(folder, { recursive: true }));

  /** Makes the subscription of the sink, so that the topic keeps what is published. */
  async function subscribe(config: LoadedConfig): Promise<void> {
    const [sink] = config.sinks;
    if (sink === undefined) {
      throw new Error('the file has a sink');
    }
    const transport = createTransport(config.pulsar, sink.producer, {
      clock: systemClock,
      random: systemRandom,
      logger: silentLogger,
      stdout: process.stdout,
    });
    for (const topic of sink.inputs) {
      await transport.subscribe({
        topic,
        subscription: sink.subscriptionName,
        subscriptionType: sink.subscriptionType,
        initialPosition: 'earliest',
        receiverQueueSize: 1,
        receiverQueueBytes: 1,
        negativeAckRedeliveryDelayMs: 1,
      });
    }
    await transport.close(1000);
  }

  it("drives a user's own sink from the topics of a file until it has caught up", async () => {
    writeFileSync(file('my-sink.cjs'), SINK);
    const raw = {
      pulsar: { serviceUrl: 'memory://' },
      sinks: [
        {
          name: 'lines',
          className: file('my-sink.cjs'),
          inputs: ['run-orders', 'run-payments'],
          maxMessageRetries: 0,
          configs: { file: file('lines') },
        },
      ],
    };
    writeFileSync(file('connectors.json'), JSON.stringify(raw));
    await subscribe(loadConfigObject(raw, 'test', { env: {} }));
    processBroker.publish('run-orders', { key: 'a', value: Buffer.from('1') });
    processBroker.publish('run-payments', { key: 'b', value: Buffer.from('2') });
    processBroker.publish('run-orders', { key: 'c', value: Buffer.from('bad') });

    const result = { code: -1, text: '' };
    await runProgram(['run', '-c', file('connectors.json'), '--until-caught-up'], {
      stdout: (text) => {
        result.text += text;
      },
      stderr: (text) => {
        result.text += text;
      },
      isTty: false,
      env: {},
      setExitCode: (code) => {
        result.code = code;
      },
    });
    expect(result).toEqual({ code: 0, text: '' });
    const lines = readFileSync(file('lines'), 'utf8').trimEnd().split('\n');
    expect(lines.slice(0, -1).sort()).toEqual([
      'persistent://public/default/run-orders a 1',
      'persistent://public/default/run-payments b 2',
    ]);
    expect(lines.at(-1)).toBe('closed');
    const dlq = 'persistent://public/default/run-orders-public/default/lines-DLQ';
    expect(processBroker.stored(dlq)).toBe(1);
  });

  it('in a process of one’s own: healthy while it runs, and the stop drains', async () => {
    const config = loadConfigObject(
      {
        pulsar: { serviceUrl: 'memory://' },
        sinks: [{ name: 'played', inputs: ['run-played'], className: './x.js', configs: {} }],
      },
      'test',
      { env: {} },
    );
    const { logger, url } = addressOf();
    const sink = new PlayedSink();
    const opened = deferred<void>();
    const got = deferred<void>();
    sink.opening = () => opened.promise;
    sink.writing = () => got.resolve();
    sink.closing = async () => sink.ackAll();
    const stop = new AbortController();
    const run = runConnectors({
      config: { ...config, http: ANY_PORT },
      signal: stop.signal,
      logger,
      sink: () => sink,
    });
    const ready = async (): Promise<number> => (await fetch(`${await url}/ready`)).status;
    expect(await ready()).toBe(503);
    await subscribe(config);
    processBroker.publish('run-played', { value: Buffer.from('1') });
    opened.resolve();
    await got.promise;
    expect(await ready()).toBe(200);
    stop.abort();
    expect(await run).toBe('drained');
    expect(sink.written.map(textOf)).toEqual(['1']);
    await expect(fetch(await url)).rejects.toThrow();
  });

  it('a fatal error is what the caller gets, and nothing listens any more', async () => {
    const config = loadConfigObject(
      {
        pulsar: { serviceUrl: 'memory://' },
        sinks: [{ name: 'played', inputs: ['run-failing'], className: './x.js', configs: {} }],
      },
      'test',
      { env: {} },
    );
    const { logger, url } = addressOf();
    const sink = new PlayedSink();
    sink.opening = () => Promise.reject(denied);
    const run = runConnectors({
      config: { ...config, http: ANY_PORT },
      signal: new AbortController().signal,
      logger,
      sink: () => sink,
    });
    await expect(run).rejects.toBe(denied);
    expect(sink.closes).toBe(1);
    await expect(fetch(await url)).rejects.toThrow();
  });
});
