import { connect } from 'node:net';
import { Writer } from 'protobufjs';
import { decodeCommand } from '../../src/pulsar/protocol/command';
import { commandFrame, FrameReader } from '../../src/pulsar/protocol/frame';

/** Numbers of PulsarApi.proto: the PRODUCER command, its access mode, and two of the modes. */
const [PRODUCER, ACCESS_MODE] = [5, 10];
const TRIES = 20;
const MODES = { Exclusive: 1, ExclusiveWithFencing: 3 } as const;

/**
 * A producer that takes `topic` (full name) for itself alone, with fencing also from those that have it.
 * @returns a way to end it. @throws when the broker refuses it, several times: taking over is refused at first when
 * another producer is just being closed (4.0.8).
 */
export async function takeTopic(
  serviceUrl: string,
  topic: string,
  mode: keyof typeof MODES,
): Promise<() => void> {
  const { hostname, port } = new URL(serviceUrl);
  const socket = connect({ host: hostname, port: Number(port) });
  let tries = TRIES;
  await new Promise<void>((resolve, reject) => {
    const reader = new FrameReader((bytes) => {
      const command = decodeCommand(bytes);
      if (command?.name === 'connected') {
        socket.write(commandFrame('lookupTopic', { topic, requestId: 1, authoritative: false }));
      } else if (command?.name === 'lookupTopicResponse') {
        socket.write(producerFrame(topic, MODES[mode]));
      } else if (command?.name === 'producerSuccess') {
        resolve();
      } else if (command?.name === 'error' && --tries > 0) {
        socket.write(producerFrame(topic, MODES[mode]));
      } else if (command?.name === 'error') {
        reject(new Error(command.body.message));
      }
    });
    socket.on('data', (chunk) => reader.push(chunk));
    socket.on('error', reject);
    socket.write(commandFrame('connect', { clientVersion: 'test', protocolVersion: 19 }));
  });
  return () => socket.destroy();
}

function producerFrame(topic: string, mode: number): Buffer {
  const producer = new Writer().uint32(10).string(topic).uint32(16).uint64(1).uint32(24).uint64(2);
  producer.uint32(ACCESS_MODE << 3).uint32(mode);
  const type = new Writer().uint32(8).uint32(PRODUCER);
  const command = type
    .uint32((PRODUCER << 3) | 2)
    .bytes(producer.finish())
    .finish();
  const head = Buffer.alloc(8);
  head.writeUInt32BE(command.length + 4, 0);
  head.writeUInt32BE(command.length, 4);
  return Buffer.concat([head, command]);
}
