import { type CommandName, type Commands, encodeCommand } from '../../../src/pulsar/protocol/command';
import { commandFrame } from '../../../src/pulsar/protocol/frame';
import type { Dice } from './dice';
import { lyingEntry } from './lying-entries';

/** Nothing that leads to a real network, nor to TLS, which wants a real socket. */
const URLS = ['pulsar://other:6650', '', 'nonsense', 'pulsar://[::1', 'pulsar://a:99999'];

type Bodies = { readonly [N in CommandName]?: (dice: Dice) => object };

const failure = (dice: Dice) =>
  dice.once(2) ? {} : { error: dice.of([-1, 0, 1, 2, 5, 7, 11, 15, 16, 18, 25, 99]), message: dice.text(9) };
/** Never an entry that is there: what is true of it nobody could say any more. */
const messageId = (dice: Dice) => ({
  ledgerId: dice.once(6) ? dice.edge() : 8 + dice.below(3),
  entryId: dice.id(),
});

/** What brokers say, and what they do not say to clients. */
const BODIES: Bodies = {
  connect: (dice) => ({ clientVersion: dice.text(5) }),
  connected: (dice) => ({
    serverVersion: dice.text(5),
    maxMessageSize: dice.of([-1, 0, 1, 100, 20_000, 5 * 1024 * 1024, 2 ** 31 - 1]),
  }),
  authChallenge: (dice) =>
    dice.once(2) ? {} : { challenge: { authMethodName: dice.text(4), authData: dice.bytes(4) } },
  ping: () => ({}),
  pong: () => ({}),
  partitionMetadataResponse: (dice) => ({
    requestId: dice.id(),
    // Not 2: believed once, partitions are never looked for in another place.
    partitions: dice.of([0, 2 ** 31, 2 ** 32 - 1]),
    response: dice.below(3),
    ...failure(dice),
  }),
  lookupTopicResponse: (dice) => ({
    requestId: dice.id(),
    response: dice.below(4),
    brokerServiceUrl: dice.of(URLS),
    brokerServiceUrlTls: dice.of(URLS),
    authoritative: dice.once(2),
    proxyThroughServiceUrl: dice.once(2),
    ...failure(dice),
  }),
  producer: (dice) => ({ topic: dice.text(5), producerId: dice.id(), requestId: dice.id() }),
  producerSuccess: (dice) => ({
    requestId: dice.id(),
    producerName: dice.text(5),
    lastSequenceId: dice.of([-1, 0, 5, 2 ** 53 - 1]),
    schemaVersion: dice.bytes(dice.below(9)),
    producerReady: !dice.once(4),
  }),
  send: (dice) => ({ producerId: dice.id(), sequenceId: dice.id(), numMessages: dice.int() }),
  sendReceipt: (dice) => ({
    producerId: dice.id(),
    sequenceId: dice.id(),
    ...(dice.once(2) ? {} : { messageId: dice.once(2) ? { ledgerId: -1, entryId: -1 } : messageId(dice) }),
  }),
  sendError: (dice) => ({
    producerId: dice.id(),
    sequenceId: dice.id(),
    ...{ error: 0, message: '' },
    ...failure(dice),
  }),
  closeProducer: (dice) => ({ producerId: dice.id(), requestId: dice.id() }),
  flow: (dice) => ({ consumerId: dice.id(), messagePermits: 5 }),
  ackResponse: (dice) => ({ consumerId: dice.id(), requestId: dice.id(), ...failure(dice) }),
  // A consumer that believes it is not the active one lets others have what the broker gives to it alone.
  activeConsumerChange: (dice) => ({ consumerId: dice.id(), isActive: true }),
  getLastMessageIdResponse: (dice) => ({
    requestId: dice.id(),
    lastMessageId: messageId(dice),
    ...(dice.once(2) ? {} : { consumerMarkDeletePosition: messageId(dice) }),
  }),
  getTopicsOfNamespaceResponse: (dice) => ({ requestId: dice.id(), topics: [dice.text(9)] }),
  getSchemaResponse: (dice) => ({ requestId: dice.id(), errorCode: dice.int() }),
  // Of another one: what a broker sends to a consumer that it told to go nobody sees.
  closeConsumer: (dice) => ({ consumerId: dice.edge(), requestId: dice.id() }),
  reachedEndOfTopic: (dice) => ({ consumerId: dice.id() }),
  topicMigrated: (dice) => ({
    resourceId: dice.id(),
    resourceType: dice.below(3),
    brokerServiceUrl: dice.of(URLS),
    brokerServiceUrlTls: dice.of(URLS),
  }),
  success: (dice) => ({ requestId: dice.id() }),
  error: (dice) => ({ requestId: dice.id(), error: dice.int(), message: dice.text(9) }),
};

const NAMES = Object.keys(BODIES) as CommandName[];

/** Bytes from the broker's side that no broker should send there and then; mostly such as end no connection. */
export function lyingFrame(dice: Dice): Buffer {
  switch (dice.below(20)) {
    case 0:
      return dice.bytes(dice.below(80));
    case 1:
      return sized(dice.once(5) ? dice.id() : dice.below(40), dice.below(40), dice.bytes(dice.below(40)));
    case 2:
      return frame(dice.bytes(dice.below(30)), Buffer.alloc(0));
    case 3:
      return frame(nested(dice), Buffer.alloc(0));
    case 4:
      return dice.mutated(command(dice));
    case 5:
      return dice.mutated(delivery(dice));
    case 6:
      return frame(dice.mutated(Buffer.from(body(dice))), Buffer.alloc(0));
    default:
      return dice.once(2) ? delivery(dice) : command(dice);
  }
}

function body(dice: Dice): Uint8Array {
  const name = dice.of(NAMES);
  return encodeCommand(name, BODIES[name]?.(dice) as Commands[typeof name]);
}

function command(dice: Dice): Buffer {
  return frame(Buffer.from(body(dice)), dice.once(6) ? dice.bytes(9) : Buffer.alloc(0));
}

function delivery(dice: Dice): Buffer {
  const head = commandFrame('message', {
    consumerId: dice.once(6) ? dice.id() : 1,
    messageId: messageId(dice),
    redeliveryCount: dice.below(3),
    ackSet: dice.once(4) ? [dice.below(8)] : [],
  }).subarray(8);
  return frame(head, lyingEntry(dice));
}

function frame(head: Buffer, tail: Buffer): Buffer {
  return sized(4 + head.length + tail.length, head.length, Buffer.concat([head, tail]));
}

function sized(total: number, commandSize: number, bytes: Buffer): Buffer {
  const sizes = Buffer.alloc(8);
  sizes.writeUInt32BE(Number(total) >>> 0);
  sizes.writeUInt32BE(commandSize, 4);
  return Buffer.concat([sizes, bytes]);
}

/** Groups in groups, or messages in messages, deeper than any parser likes. */
function nested(dice: Dice): Buffer {
  const depth = dice.of([10, 200, 20_000]);
  return dice.once(2) ? Buffer.alloc(depth, 0x0b) : Buffer.alloc(depth, 0x12);
}
