import { Socket } from 'node:net';
import fc from 'fast-check';
import type { CommandName, Commands } from '../../../src/pulsar/protocol/command';
import { Connection } from '../../../src/pulsar/protocol/connection';
import { commandFrame } from '../../../src/pulsar/protocol/frame';
import { ProtocolError } from '../../../src/pulsar/protocol/protocol-error';
import { silentLogger } from '../../../src/util/logger';
import { ManualClock, settle } from '../../support/manual-clock';

/** A socket whose peer is the test. */
class ScriptedSocket extends Socket {
  override _write(_chunk: Buffer, _encoding: string, taken: () => void): void {
    taken();
  }

  override _read(): void {}

  /** Bytes from the peer. */
  hear(...frames: Uint8Array[]): void {
    this.emit('data', Buffer.concat(frames));
  }
}

function open(): { socket: ScriptedSocket; clock: ManualClock; opening: Promise<Connection> } {
  const [socket, clock] = [new ScriptedSocket(), new ManualClock()];
  const settings = {
    clock,
    logger: silentLogger,
    connect: () => socket,
    connectionTimeout: 1000,
    operationTimeout: 1000,
    keepAliveInterval: 1000,
  };
  const opening = Connection.open({ host: 'a', port: 1 }, settings, new AbortController().signal);
  opening.catch(() => undefined);
  socket.emit('connect');
  return { socket, clock, opening };
}

const CONNECTED = commandFrame('connected', { serverVersion: 'test' });
const NO_FRAME = Buffer.from('HTTP/1.1 400 Bad Request\r\n');

test('a connection that ends in the tick of its handshake is not opened, and leaves no timer', async () => {
  const { socket, clock, opening } = open();
  socket.hear(CONNECTED, NO_FRAME);
  await expect(opening).rejects.toMatchObject({ kind: 'unavailable' });
  expect(clock.pending).toBe(0);
  expect(socket.destroyed).toBe(true);
});

/** Commands that a broker sends. */
const COMMANDS: { readonly [N in CommandName]?: Commands[N] } = {
  connected: { serverVersion: 'x', maxMessageSize: 5 },
  ping: {},
  sendReceipt: { producerId: 1, sequenceId: 2, messageId: { ledgerId: 3, entryId: 4 } },
  sendError: { producerId: 1, sequenceId: 2, error: 3, message: 'x' },
  closeProducer: { producerId: 1, requestId: 2 },
  closeConsumer: { consumerId: 1, requestId: 2 },
  topicMigrated: { resourceId: 1, resourceType: 0, brokerServiceUrl: 'pulsar://a' },
  error: { requestId: 1, error: 2, message: 'x' },
  success: { requestId: 1 },
  producerSuccess: { requestId: 1, producerName: 'x', lastSequenceId: -1, producerReady: true },
  message: { consumerId: 1, messageId: { ledgerId: 1, entryId: 2 }, redeliveryCount: 0 },
  authChallenge: {},
  partitionMetadataResponse: { requestId: 1, partitions: 3 },
};
const FRAMES = Object.entries(COMMANDS).map(([name, body]) =>
  commandFrame(name as CommandName, body as Commands[CommandName]),
);

test('whatever bytes a peer sends, the connection goes on or ends: nothing is thrown, nothing is left', async () => {
  const damage = fc.record({
    frame: fc.nat({ max: FRAMES.length - 1 }),
    at: fc.nat({ max: 40 }),
    byte: fc.nat({ max: 255 }),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 5 }), async (damages) => {
      const { socket, clock, opening } = open();
      socket.hear(CONNECTED);
      const connection = await opening;
      const heard: string[] = [];
      const hears = (what: string) => (): void => {
        heard.push(what);
      };
      connection.producers.set(1, {
        receipt: hears('receipt'),
        sendError: hears('sendError'),
        closedByBroker: hears('closedByBroker'),
        migrated: hears('migrated'),
        connectionLost: hears('connectionLost'),
      });
      const answer = connection.request('closeProducer', { producerId: 1 }).catch(() => undefined);
      for (const { frame, at, byte } of damages) {
        const bytes = Buffer.from(FRAMES[frame] ?? CONNECTED);
        // Behind the sizes: those are the frame reader's own test.
        bytes[8 + (at % (bytes.length - 8))] = byte;
        socket.hear(bytes);
      }
      await settle();
      connection.destroy(new ProtocolError('closed', 'the end of the test'));
      await answer;
      expect(clock.pending).toBe(0);
    }),
    { numRuns: 500 },
  );
});
