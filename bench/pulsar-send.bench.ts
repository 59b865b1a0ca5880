import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { startPulsarBroker } from '../test/support/pulsar-broker';
import type { Cost } from './programs/program';
import type { SendSettings } from './programs/pulsar-send';
import type { SocketSettings } from './programs/socket-floor';
import { startProgram } from './programs/start';
import type { Figure } from './result';

const MESSAGE_BYTES = 1024;
const FLOOR = { messageBytes: MESSAGE_BYTES, warmUp: 200_000, records: 6_000_000 };
const SHAPES = [
  { label: 'batched', batchingEnabled: true, warmUp: 100_000, records: 300_000 },
  { label: 'unbatched', batchingEnabled: false, warmUp: 30_000, records: 100_000 },
];

/**
 * CPU time of our client that one message to a real broker costs, from `send` to its receipt.
 * @throws when there is no Java 17, or no Maven to fetch the broker with.
 */
export async function run(): Promise<readonly Figure[]> {
  const floor = await measureFloor();
  const figures = [figure('bytes into a socket (floor)', floor, floor)];
  const broker = await startPulsarBroker();
  try {
    for (const { label, ...shape } of SHAPES) {
      const cost = await measure<SendSettings>('pulsar-send', {
        ...shape,
        serviceUrl: broker.serviceUrl,
        topic: label,
        messageBytes: MESSAGE_BYTES,
      });
      figures.push(figure(`1 KiB, ${label}`, cost, floor));
      figures.push({
        name: `1 KiB, ${label}`,
        value: cost.records / cost.seconds,
        unit: 'messages/s',
      });
    }
  } finally {
    await broker.dispose();
  }
  return figures;
}

async function measureFloor(): Promise<Cost> {
  const sink = createServer((socket) => socket.on('error', () => undefined).resume());
  sink.listen(0, '127.0.0.1');
  await once(sink, 'listening');
  try {
    const { port } = sink.address() as AddressInfo;
    return await measure<SocketSettings>('socket-floor', { ...FLOOR, port });
  } finally {
    sink.close();
  }
}

async function measure<S extends object>(program: string, settings: S): Promise<Cost> {
  const child = startProgram(program, settings);
  try {
    return await child.hear<Cost>();
  } finally {
    await child.stop('SIGKILL');
  }
}

const micros = ({ cpuSeconds, records }: Cost): number => (cpuSeconds / records) * 1e6;

function figure(name: string, cost: Cost, floor: Cost): Figure {
  return { name, value: micros(cost), unit: 'µs CPU a message', ratio: micros(cost) / micros(floor) };
}
