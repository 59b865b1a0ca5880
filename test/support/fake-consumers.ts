import type { Socket } from 'node:net';
import type { AnyCommand, CommandName, Commands, SchemaData } from '../../src/pulsar/protocol/command';
import { commandFrame } from '../../src/pulsar/protocol/frame';
import { type FakeConsumer, type FakeEntry, type FakeSubscription, FakeTopic } from './fake-subscriptions';

/** What a scripted broker does with one ACK. */
export type AckVerdict =
  | 'answer'
  /** Taken, and the answer never comes. */
  | 'lose-answer'
  /** Neither taken nor answered. */
  | 'swallow'
  /** The connection ends before it is looked at. */
  | 'disconnect'
  /** Answered with that ServerError; not taken. */
  | { readonly error: number };

/** What a test may change at any time. */
export interface ConsumerScript {
  /** The ServerError a SUBSCRIBE is answered with. */
  subscribeError: (asked: Commands['subscribe'], attempt: number) => number | undefined;
  ack: (ack: Commands['ack']) => AckVerdict;
  /** Whether it keeps acknowledgements of parts of a batch; it ignores them otherwise, as 4.0.8 does by default. */
  keepsParts: boolean;
  /** The schema of a version; undefined is answered as an error. */
  schema: (version: Buffer) => SchemaData | undefined;
}

interface Member {
  readonly socket: Socket;
  readonly consumer: FakeConsumer;
  readonly topic: FakeTopic;
  readonly topicName: string;
  readonly subscription: FakeSubscription;
  readonly subscriptionName: string;
}

/** Source: enum CommandAck.AckType of PulsarApi.proto. */
const CUMULATIVE = 1;

/** In front of the first entry: −1, which protobufjs takes as text only. */
const NOWHERE = { ledgerId: 7, entryId: '18446744073709551615' as unknown as number };

/** The side of a fake broker that consumers talk to. */
export class FakeConsumers {
  readonly script: ConsumerScript = {
    subscribeError: () => undefined,
    ack: () => 'answer',
    keepsParts: false,
    schema: () => undefined,
  };
  /** Entries sent to consumers, in order. */
  readonly delivered: FakeEntry[] = [];
  /** Of topics, by full name. */
  readonly partitions = new Map<string, number>();
  readonly #topics = new Map<string, FakeTopic>();
  readonly #deleted = new Set<string>();
  readonly #members = new Set<Member>();
  #attempts = 0;

  topic(name: string): FakeTopic {
    const full = name.includes('://') ? name : `persistent://public/default/${name}`;
    let topic = this.#topics.get(full);
    if (topic === undefined) {
      topic = new FakeTopic();
      this.#topics.set(full, topic);
    }
    return topic;
  }

  /** Gives a topic so many partitions. */
  partition(name: string, count: number): void {
    const full = `persistent://public/default/${name}`;
    this.partitions.set(full, count);
    for (let i = 0; i < count; i++) {
      this.topic(`${full}-partition-${i}`);
    }
  }

  /** Deletes a topic for good. */
  deleteTopic(name: string): void {
    const full = `persistent://public/default/${name}`;
    this.#topics.delete(full);
    this.#deleted.add(full);
    this.unload(full);
  }

  /** Closes every consumer, or those of one topic, as an unload does. */
  unload(topicName?: string): void {
    const unloaded = [...this.#members].filter(
      (member) => topicName === undefined || member.topicName === topicName,
    );
    for (const member of unloaded) {
      const { consumerId } = member.consumer;
      this.#remove(member);
      member.socket.write(commandFrame('closeConsumer', { consumerId, requestId: 2 ** 53 - 1 }));
    }
  }

  gone(socket: Socket): void {
    for (const member of this.#members) {
      if (member.socket === socket) {
        this.#remove(member);
      }
    }
  }

  receive(socket: Socket, command: AnyCommand): void {
    const answer = <N extends CommandName>(name: N, body: Commands[N]): void => {
      socket.write(commandFrame(name, body));
    };
    if (command.name === 'subscribe') {
      this.#subscribe(socket, command.body, answer);
      return;
    }
    if (command.name === 'getTopicsOfNamespace') {
      const { requestId, namespace } = command.body;
      const inside = (name: string): boolean => name.startsWith(`persistent://${namespace}/`);
      answer('getTopicsOfNamespaceResponse', { requestId, topics: [...this.#topics.keys()].filter(inside) });
      return;
    }
    if (command.name === 'getSchema') {
      const { requestId, schemaVersion } = command.body;
      const schema = this.script.schema(Buffer.from(schemaVersion));
      answer('getSchemaResponse', {
        requestId,
        ...(schema === undefined ? { errorCode: 11, errorMessage: 'no schema' } : { schema }),
      });
      return;
    }
    const member = this.#memberOf(socket, consumerIdOf(command));
    switch (command.name) {
      case 'flow':
        if (member !== undefined) {
          member.consumer.permits += command.body.messagePermits;
          member.subscription.dispatch();
        }
        break;
      case 'ack':
        if (member !== undefined) {
          this.#ack(member, command.body, answer);
        }
        break;
      case 'redeliverUnacknowledgedMessages':
        member?.subscription.redeliver(member.consumer, found(member.topic, command.body.messageIds ?? []));
        break;
      case 'getLastMessageId': {
        const { requestId } = command.body;
        if (member === undefined) {
          answer('error', { requestId, error: 1, message: 'Consumer not found' });
          break;
        }
        const last = member.topic.entries.at(-1) ?? NOWHERE;
        const position = member.subscription.markDelete ?? NOWHERE;
        answer('getLastMessageIdResponse', {
          requestId,
          lastMessageId: { ledgerId: last.ledgerId, entryId: last.entryId },
          consumerMarkDeletePosition: { ledgerId: position.ledgerId, entryId: position.entryId },
        });
        break;
      }
      case 'unsubscribe':
      case 'closeConsumer': {
        const { requestId } = command.body;
        if (command.name === 'unsubscribe' && (member?.subscription.consumers.length ?? 0) > 1) {
          answer('error', { requestId, error: 1, message: 'shared consumer attempting to unsubscribe' });
          break;
        }
        if (member !== undefined) {
          this.#remove(member);
          if (command.name === 'unsubscribe') {
            member.topic.subscriptions.delete(member.subscriptionName);
          }
        }
        answer('success', { requestId });
        break;
      }
      default:
        break;
    }
  }

  #subscribe(
    socket: Socket,
    asked: Commands['subscribe'],
    answer: <N extends CommandName>(name: N, body: Commands[N]) => void,
  ): void {
    const { requestId, consumerId, consumerName } = asked;
    const gone = this.#deleted.has(asked.topic) ? 11 : undefined;
    const error = gone ?? this.script.subscribeError(asked, this.#attempts++);
    if (error !== undefined) {
      answer('error', { requestId, error, message: 'refused' });
      return;
    }
    if (this.#memberOf(socket, consumerId) !== undefined) {
      // Source: Pulsar `ServerCnx.handleSubscribe`, for an id that stands there already.
      answer('success', { requestId });
      return;
    }
    const topic = this.topic(asked.topic);
    const subscription = topic.subscription(asked);
    const consumer: FakeConsumer = {
      consumerId,
      name: consumerName,
      permits: 0,
      send: (entry, redeliveryCount) => {
        this.delivered.push(entry);
        const ackSet = subscription.partsOf(entry);
        socket.write(messageFrame(consumerId, entry, redeliveryCount, ackSet));
      },
      activeChanged: (isActive) => answer('activeConsumerChange', { consumerId, isActive }),
    };
    const refusal = subscription.add(consumer, asked.subType);
    if (refusal !== undefined) {
      answer('error', { requestId, error: refusal[0], message: refusal[1] });
      return;
    }
    this.#members.add({
      socket,
      consumer,
      topic,
      topicName: asked.topic,
      subscription,
      subscriptionName: asked.subscription,
    });
    answer('success', { requestId });
  }

  #ack(
    { socket, topic, subscription }: Member,
    ack: Commands['ack'],
    answer: <N extends CommandName>(name: N, body: Commands[N]) => void,
  ): void {
    const { consumerId, requestId } = ack;
    const verdict = this.script.ack(ack);
    if (verdict === 'disconnect') {
      socket.destroy();
    } else if (verdict === 'answer' || verdict === 'lose-answer') {
      for (const id of ack.messageId) {
        this.#apply(topic, subscription, ack, id);
      }
      if (verdict === 'answer') {
        answer('ackResponse', { consumerId, requestId });
      }
    } else if (verdict !== 'swallow') {
      answer('ackResponse', { consumerId, requestId, error: verdict.error, message: 'scripted' });
    }
  }

  #apply(
    topic: FakeTopic,
    subscription: FakeSubscription,
    { ackType }: Commands['ack'],
    id: Commands['ack']['messageId'][number],
  ): void {
    // All up to a place, whether an entry is there or not.
    const entry = ackType === CUMULATIVE ? topic.upTo(id) : topic.find(id);
    const [word] = id.ackSet ?? [];
    if (entry === undefined) {
      return;
    }
    if (ackType === CUMULATIVE) {
      subscription.acknowledgeAll(entry);
    } else if (word === undefined) {
      subscription.acknowledge(entry);
    } else if (this.script.keepsParts) {
      // Batches of tests have less than 32 messages.
      subscription.acknowledgePart(entry, word);
    }
  }

  #memberOf(socket: Socket, consumerId: number | undefined): Member | undefined {
    return [...this.#members].find((one) => one.socket === socket && one.consumer.consumerId === consumerId);
  }

  #remove(member: Member): void {
    this.#members.delete(member);
    member.subscription.remove(member.consumer);
  }
}

function consumerIdOf(command: AnyCommand): number | undefined {
  return 'consumerId' in command.body ? command.body.consumerId : undefined;
}

function found(
  topic: FakeTopic,
  ids: readonly { readonly ledgerId: number; readonly entryId: number }[],
): FakeEntry[] {
  return ids.flatMap((id) => topic.find(id) ?? []);
}

/** A MESSAGE frame: the command, and the entry as it was sent. */
export function messageFrame(
  consumerId: number,
  { ledgerId, entryId, frame }: FakeEntry,
  redeliveryCount: number,
  ackSet: readonly number[] = [],
): Buffer {
  const body = { consumerId, messageId: { ledgerId, entryId }, redeliveryCount, ackSet };
  const command = commandFrame('message', body);
  command.writeUInt32BE(command.length - 4 + frame.length, 0);
  return Buffer.concat([command, frame]);
}
