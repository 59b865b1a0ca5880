import {
  type CommandName,
  type Commands,
  decodeCommand,
  encodeCommand,
} from '../../../src/pulsar/protocol/command';
import { commandFrame, FrameReader } from '../../../src/pulsar/protocol/frame';
import { seededRandom } from '../../../src/util/random';
import { drained, ManualClock } from '../../support/manual-clock';
import { encodeBatch } from '../../support/message-codec';
import { ModelBroker } from '../../support/model-broker';
import { SimulatedProcess } from '../../support/simulated-process';
import { ProcessGate } from '../../support/sink-fleet/process-gate';
import { SimulatedSocket } from '../../support/sink-fleet/simulated-socket';

// What is expected here was seen on Pulsar 4.0.8.

const TOPIC = 'persistent://public/default/orders';
const WRITE_MS = 100;
const CALM = { lostWrites: 0, lostReads: 0, throttles: 0, slow: 0 };

let clock: ManualClock;
let broker: ModelBroker;
let stored: number[];

beforeEach(() => {
  clock = new ManualClock(0, drained);
  stored = [];
  broker = new ModelBroker({
    clock,
    random: seededRandom(1),
    maxMessageSize: 1024 * 1024,
    deduplicates: true,
    writeMs: () => WRITE_MS,
    stored: ({ message }) => stored.push(Number(message.value)),
  });
});

/** One process with one connection, which says what it is told to. */
class RawClient {
  readonly process = new SimulatedProcess(clock, seededRandom(2), CALM, { settled: drained });
  readonly heard: string[] = [];
  readonly #socket: SimulatedSocket;

  constructor() {
    const gate = new ProcessGate(this.process, { fateOf: () => undefined, strike: () => undefined });
    this.#socket = SimulatedSocket.connect({ clock, gate, latency: () => 1 }, (far) =>
      broker.accept(far.asSocket, 'client'),
    );
    const reader = new FrameReader((bytes) => this.#hear(decodeCommand(bytes)));
    this.#socket.on('data', (bytes: Buffer) => reader.push(bytes));
    this.#socket.on('close', () => this.heard.push('closed'));
    this.say('connect', { clientVersion: 'test', protocolVersion: 19 });
  }

  say<N extends CommandName>(name: N, body: Commands[N]): void {
    this.#socket.write(commandFrame(name, body));
  }

  /** Asks for the place of `name` at the topic. */
  async join(name: string, producerId = 1): Promise<void> {
    await clock.advance(5);
    this.say('lookupTopic', { topic: TOPIC, requestId: 1, authoritative: false });
    const producer = { topic: TOPIC, producerName: name, userProvidedProducerName: true, epoch: 0 };
    this.say('producer', { ...producer, producerId, requestId: 2 });
    await clock.advance(5);
  }

  /** A batch of messages, each of which has its id as its value. */
  send(ids: readonly number[], producerId = 1): void {
    const [sequenceId = 0] = ids;
    const body = { producerId, sequenceId, numMessages: ids.length, highestSequenceId: ids.at(-1) ?? 0 };
    const command = encodeCommand('send', body);
    const payload = encodeBatch(ids.map((id) => ({ value: Buffer.from(String(id)) })));
    const head = Buffer.alloc(8);
    head.writeUInt32BE(4 + command.length + payload.length);
    head.writeUInt32BE(command.length, 4);
    this.#socket.write(Buffer.concat([head, command, payload]));
  }

  #hear(command: ReturnType<typeof decodeCommand>): void {
    switch (command?.name) {
      case 'producerSuccess':
        this.heard.push(`accepted, last id ${command.body.lastSequenceId}`);
        break;
      case 'sendReceipt': {
        const isDuplicate = (command.body.messageId?.ledgerId ?? 0) > 1;
        this.heard.push(`${command.body.sequenceId} ${isDuplicate ? 'duplicate' : 'stored'}`);
        break;
      }
      case 'sendError':
        this.heard.push(`${command.body.sequenceId} refused: ${command.body.message}`);
        break;
      case 'error':
        this.heard.push(`error ${command.body.error}`);
        break;
      case 'closeProducer':
        this.heard.push('producer closed');
        break;
      case 'ping':
        this.say('pong', {});
    }
  }
}

test('a batch that begins at or below the last id is dropped whole, and answered as a duplicate', async () => {
  const client = new RawClient();
  await client.join('one');
  client.send([0, 1, 2]);
  await clock.advance(2 * WRITE_MS);
  client.send([2, 3, 4]);
  client.send([5, 9]);
  await clock.advance(2 * WRITE_MS);
  expect(client.heard).toEqual(['accepted, last id -1', '0 stored', '2 duplicate', '5 stored']);
  expect(stored).toEqual([0, 1, 2, 5, 9]);
});

test('what is accepted and not stored is in the last id, and cannot be told from a duplicate', async () => {
  const first = new RawClient();
  await first.join('one');
  first.send([0]);
  await clock.advance(5);
  broker.cutAll();
  const second = new RawClient();
  await second.join('one');
  second.send([0]);
  await clock.advance(10);
  expect(second.heard).toEqual([
    'accepted, last id 0',
    '0 refused: cannot determine whether it is a duplicate',
  ]);
  await clock.advance(WRITE_MS);
  second.send([0]);
  await clock.advance(10);
  expect(second.heard.at(-1)).toBe('0 duplicate');
  expect(stored).toEqual([0]);
});

test('a name is taken while its producer answers, and free 5 s after it was asked and did not', async () => {
  const first = new RawClient();
  await first.join('one');
  const second = new RawClient();
  await second.join('one');
  expect(second.heard).toEqual(['error 16']);
  first.process.pause();
  await second.join('one');
  await clock.advance(4900);
  expect(second.heard).toEqual(['error 16']);
  await clock.advance(100);
  expect(second.heard).toEqual(['error 16', 'accepted, last id -1']);
  await first.process.resume();
  await clock.advance(10);
  expect(first.heard).toEqual(['accepted, last id -1', 'closed']);
});

test('what is sent to an unloaded producer vanishes, and to one that never was it ends the connection', async () => {
  const client = new RawClient();
  await client.join('one');
  broker.unloadOne();
  await clock.advance(30);
  client.send([0]);
  await clock.advance(2 * WRITE_MS);
  expect(client.heard).toEqual(['accepted, last id -1', 'producer closed']);
  client.send([0], 7);
  await clock.advance(10);
  expect(client.heard.at(-1)).toBe('closed');
  expect(stored).toEqual([]);
});

test('a write that fails takes along all that was accepted behind it, and the last id goes back', async () => {
  const client = new RawClient();
  await client.join('one');
  client.send([0]);
  await clock.advance(2 * WRITE_MS);
  broker.failOneWrite();
  client.send([1]);
  client.send([2]);
  await clock.advance(2 * WRITE_MS);
  const told = client.heard.slice(2).sort();
  expect(told).toEqual([
    '1 refused: the bookies have failed',
    '2 refused: the bookies have failed',
    'producer closed',
  ]);
  await client.join('one');
  expect(client.heard.at(-1)).toBe('accepted, last id 0');
});
