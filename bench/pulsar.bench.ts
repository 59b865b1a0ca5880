import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { messageOf } from '../src/errors';
import { sleep, systemClock } from '../src/util/clock';
import { type PulsarBroker, startPulsarBroker } from '../test/support/pulsar-broker';
import { pulsarDistribution } from '../test/support/pulsar-distribution';
import { pythonClient } from '../test/support/python-client';
import { ClientProcess } from './client-process';
import type { SendSettings } from './programs/pulsar-send';
import type { SocketSettings } from './programs/socket-floor';
import type { Figure } from './result';

const MEASURE_MS = 3_000;
/** Of a program that compiles itself while it runs. */
const WARM_UP_MS = 2_500;
const JAVA_WARM_UP_MS = 7_000;
const FIRST_MESSAGE_MS = 30_000;
const SIZES = [
  { label: '100 B', bytes: 100 },
  { label: '1 KiB', bytes: 1024 },
  { label: '10 KiB', bytes: 10 * 1024 },
];
/** Of every client: our defaults. */
const BATCH = { messages: 1000, bytes: 128 * 1024, ms: 10 };
const PENDING_MESSAGES = 10_000;
/** Where topics have deduplication. */
const DEDUPLICATED = 'public/once';

interface Client {
  readonly label: string;
  readonly warmUpMs: number;
  /** @throws when this machine has no such client. */
  start(broker: PulsarBroker, topic: string, messageBytes: number): Promise<ClientProcess> | ClientProcess;
  readonly deduplicated?: boolean;
}

const CLIENTS: readonly Client[] = [
  ours('binary, batched'),
  { ...ours('binary, batched, EFFECTIVELY_ONCE', { sequenced: true }), deduplicated: true },
  ours('binary, unbatched', { producerConfig: { batchingConfig: { enabled: false } } }),
  ours('WebSocket', {}, ({ wsUrl }) => ({ serviceUrl: wsUrl })),
  ours('npm pulsar-client, batched', {}, ({ serviceUrl }) => ({ serviceUrl, transport: 'pulsar-client' })),
  python('PyPI pulsar-client, batched', true),
  python('PyPI pulsar-client, unbatched', false),
  pulsarPerf('Java pulsar-perf, batched, no properties', []),
  pulsarPerf('Java pulsar-perf, unbatched, no properties', ['--disable-batching']),
];

/**
 * CPU time that one message costs each client, and how many a second it has confirmed, one client after the other
 * against one real broker on this machine. A client that this machine does not have is left out, which is said.
 * @throws when there is no Java 17, or no Maven to fetch the broker with.
 */
export async function run(): Promise<readonly Figure[]> {
  const floors = await socketFloor();
  const figures: Figure[] = [];
  const broker = await startPulsarBroker();
  try {
    await broker.admin('PUT', `/namespaces/${DEDUPLICATED}`);
    await broker.admin('POST', `/namespaces/${DEDUPLICATED}/deduplication`, true);
    for (const { label: size, bytes } of SIZES) {
      const floor = floors * bytes;
      figures.push({ name: `${size}, bytes into a socket (floor)`, value: floor, unit: UNIT, ratio: 1 });
      for (const client of CLIENTS) {
        const name = `${size}, ${client.label}`;
        try {
          const { micros, rate } = await measure(broker, client, bytes);
          figures.push({ name, value: micros, unit: UNIT, ratio: micros / floor });
          figures.push({ name, value: rate, unit: 'messages/s' });
        } catch (error) {
          process.stderr.write(`${name} is not here: ${messageOf(error).split('\n', 2).join(' ')}\n`);
        }
      }
    }
  } finally {
    await broker.dispose();
  }
  return figures;
}

const UNIT = 'µs CPU a message';

interface Cost {
  readonly micros: number;
  /** Messages a second. */
  readonly rate: number;
}

let topics = 0;

async function measure(broker: PulsarBroker, client: Client, messageBytes: number): Promise<Cost> {
  const path = `${client.deduplicated ? DEDUPLICATED : 'public/default'}/t${++topics}`;
  const process = await client.start(broker, `persistent://${path}`, messageBytes);
  try {
    const since = systemClock.monotonic();
    while ((await storedIn(broker, path)) === 0) {
      process.cpuSeconds();
      if (systemClock.monotonic() - since > FIRST_MESSAGE_MS) {
        throw new Error(`nothing was stored within ${FIRST_MESSAGE_MS} ms`);
      }
      await sleep(systemClock, 50);
    }
    await sleep(systemClock, client.warmUpMs);
    const from = await look(broker, path, process);
    await sleep(systemClock, MEASURE_MS);
    const to = await look(broker, path, process);
    const messages = to.messages - from.messages;
    return {
      micros: (1e6 * (to.cpuSeconds - from.cpuSeconds)) / messages,
      rate: (1000 * messages) / (to.at - from.at),
    };
  } finally {
    await process.kill();
    await broker.admin('DELETE', `/persistent/${path}?force=true`).catch(() => undefined);
  }
}

async function look(
  broker: PulsarBroker,
  path: string,
  process: ClientProcess,
): Promise<{ readonly messages: number; readonly cpuSeconds: number; readonly at: number }> {
  const messages = await storedIn(broker, path);
  return { messages, cpuSeconds: process.cpuSeconds(), at: systemClock.monotonic() };
}

/** Messages that the broker has taken into the topic, by its own count. */
async function storedIn(broker: PulsarBroker, path: string): Promise<number> {
  const text = await broker.admin('GET', `/persistent/${path}/stats`);
  return (JSON.parse(text ?? '{}') as { readonly msgInCounter?: number }).msgInCounter ?? 0;
}

function ours(
  label: string,
  settings: Partial<SendSettings> = {},
  pulsar: (broker: PulsarBroker) => SendSettings['pulsar'] = ({ serviceUrl }) => ({ serviceUrl }),
): Client {
  return {
    label,
    warmUpMs: WARM_UP_MS,
    start: (broker, topic, messageBytes) =>
      program<SendSettings>('pulsar-send', {
        pulsar: pulsar(broker),
        producerConfig: {},
        topic,
        messageBytes,
        sequenced: false,
        ...settings,
      }),
  };
}

function python(label: string, batching: boolean): Client {
  return {
    label,
    warmUpMs: WARM_UP_MS,
    start: async ({ serviceUrl }, topic, messageBytes) => {
      const settings = {
        serviceUrl,
        topic,
        messageBytes,
        batching,
        batchMessages: BATCH.messages,
        batchBytes: BATCH.bytes,
        batchMs: BATCH.ms,
        pendingMessages: PENDING_MESSAGES,
      };
      const env = { PYTHONPATH: await pythonClient() };
      return new ClientProcess('python3', ['bench/programs/pulsar-send.py', JSON.stringify(settings)], env);
    },
  };
}

function pulsarPerf(label: string, more: readonly string[]): Client {
  return {
    label,
    warmUpMs: JAVA_WARM_UP_MS,
    start: async ({ serviceUrl, webServiceUrl }, topic, messageBytes) => {
      const home = await pulsarDistribution();
      const opens = [
        'java.base/sun.net',
        'java.base/java.lang',
        'java.base/java.nio',
        'java.base/jdk.internal.misc',
      ];
      return new ClientProcess('java', [
        '-cp',
        `${home}/conf:${home}/lib/*`,
        '-Xmx512m',
        '-Djava.net.preferIPv4Stack=true',
        '-Dlog4j.configurationFile=log4j2.yaml',
        '-Dpulsar.log.level=warn',
        '-Dpulsar.log.root.level=warn',
        '-Dio.netty.tryReflectionSetAccessible=true',
        ...opens.flatMap((name) => ['--add-opens', `${name}=ALL-UNNAMED`]),
        'org.apache.pulsar.testclient.PulsarPerfTestTool',
        `${home}/conf/client.conf`,
        'produce',
        ...['--service-url', serviceUrl, '--admin-url', webServiceUrl],
        // As fast as it can.
        ...[
          '--rate',
          '100000000',
          '--size',
          String(messageBytes),
          '--max-outstanding',
          String(PENDING_MESSAGES),
        ],
        ...['--batch-max-messages', String(BATCH.messages), '--batch-max-bytes', String(BATCH.bytes)],
        ...['--batch-time-window', String(BATCH.ms), '--message-key-generation-mode', 'autoIncrement'],
        ...more,
        topic,
      ]);
    },
  };
}

/** CPU µs that a byte into a socket costs Node at the least. */
async function socketFloor(): Promise<number> {
  let bytes = 0;
  const sink = createServer((socket) =>
    socket
      .on('error', () => undefined)
      .on('data', (data) => {
        bytes += data.length;
      }),
  );
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  const writer = program<SocketSettings>('socket-floor', { port: (sink.address() as AddressInfo).port });
  try {
    await sleep(systemClock, WARM_UP_MS);
    const from = { bytes, cpuSeconds: writer.cpuSeconds() };
    await sleep(systemClock, MEASURE_MS);
    return (1e6 * (writer.cpuSeconds() - from.cpuSeconds)) / (bytes - from.bytes);
  } finally {
    await writer.kill();
    sink.close();
  }
}

function program<S extends object>(name: string, settings: S): ClientProcess {
  const script = ['-r', './scripts/typescript.cjs', `bench/programs/${name}.ts`];
  return new ClientProcess(process.execPath, [...script, JSON.stringify(settings)]);
}
