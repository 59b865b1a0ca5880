import { type Message, parse, type Type } from 'protobufjs';
import { asProtocolError, ProtocolError } from './protocol-error';
import { PULSAR_API } from './pulsar-api';

export interface KeyValue {
  readonly key: string;
  readonly value: string;
}

/** Place of an entry in a topic. Both numbers stay below 2^53. */
export interface MessageIdData {
  readonly ledgerId: number;
  readonly entryId: number;
  readonly partition?: number;
  readonly batchIndex?: number;
  /** Messages of a batch that are not acknowledged, as bits, lowest first. Numbers lose what is above 2^53. */
  readonly ackSet?: readonly number[];
}

interface AuthData {
  readonly authMethodName?: string;
  readonly authData?: Uint8Array;
}

/** What a failed answer carries: a ServerError of Pulsar and its text. */
interface Failure {
  readonly error?: number;
  readonly message?: string;
}

/** Commands by their field in BaseCommand. */
export interface Commands {
  connect: {
    readonly clientVersion: string;
    readonly protocolVersion: number;
    readonly authMethodName?: string;
    readonly authData?: Uint8Array;
    readonly proxyToBrokerUrl?: string;
    readonly featureFlags?: { readonly supportsAuthRefresh: boolean };
  };
  connected: { readonly serverVersion: string; readonly maxMessageSize?: number };
  authChallenge: { readonly challenge?: AuthData };
  authResponse: {
    readonly clientVersion: string;
    readonly response: AuthData;
    readonly protocolVersion: number;
  };
  ping: object;
  pong: object;
  partitionMetadata: { readonly topic: string; readonly requestId: number };
  partitionMetadataResponse: Failure & {
    readonly requestId: number;
    readonly partitions?: number;
    /** 0 success, 1 failed. */
    readonly response?: number;
  };
  lookupTopic: {
    readonly topic: string;
    readonly requestId: number;
    readonly authoritative: boolean;
    readonly advertisedListenerName?: string;
  };
  lookupTopicResponse: Failure & {
    readonly requestId: number;
    /** 0 redirect, 1 connect, 2 failed. */
    readonly response?: number;
    readonly brokerServiceUrl?: string;
    readonly brokerServiceUrlTls?: string;
    readonly authoritative: boolean;
    readonly proxyThroughServiceUrl: boolean;
  };
  producer: {
    readonly topic: string;
    readonly producerId: number;
    readonly requestId: number;
    readonly producerName?: string;
    readonly userProvidedProducerName: boolean;
    readonly epoch: number;
    /** None: bytes. */
    readonly schema?: SchemaData;
  };
  producerSuccess: {
    readonly requestId: number;
    readonly producerName: string;
    readonly lastSequenceId: number;
    /** Empty without a schema. */
    readonly schemaVersion?: Uint8Array;
    readonly producerReady: boolean;
  };
  send: {
    readonly producerId: number;
    readonly sequenceId: number;
    readonly numMessages: number;
    readonly highestSequenceId?: number;
    readonly isChunk?: boolean;
  };
  sendReceipt: {
    readonly producerId: number;
    readonly sequenceId: number;
    readonly messageId?: MessageIdData;
    readonly highestSequenceId?: number;
  };
  sendError: {
    readonly producerId: number;
    readonly sequenceId: number;
    readonly error: number;
    readonly message: string;
  };
  closeProducer: { readonly producerId: number; readonly requestId: number };
  subscribe: {
    readonly topic: string;
    readonly subscription: string;
    /** 0 exclusive, 1 shared, 2 failover, 3 key-shared. */
    readonly subType: number;
    readonly consumerId: number;
    readonly requestId: number;
    readonly durable: boolean;
    /** 0 latest, 1 earliest. */
    readonly initialPosition: number;
    readonly consumerName: string;
    /** Of a key-shared subscription only; 0 = the broker shares the keys out. */
    readonly keySharedMeta?: { readonly keySharedMode: number };
  };
  flow: { readonly consumerId: number; readonly messagePermits: number };
  message: {
    readonly consumerId: number;
    readonly messageId: MessageIdData;
    readonly redeliveryCount: number;
    readonly ackSet?: readonly number[];
  };
  ack: {
    readonly consumerId: number;
    /** 0 individual, 1 cumulative. */
    readonly ackType: number;
    readonly messageId: readonly MessageIdData[];
    readonly requestId: number;
  };
  ackResponse: Failure & { readonly consumerId: number; readonly requestId: number };
  activeConsumerChange: { readonly consumerId: number; readonly isActive: boolean };
  redeliverUnacknowledgedMessages: {
    readonly consumerId: number;
    readonly messageIds: readonly MessageIdData[];
  };
  unsubscribe: { readonly consumerId: number; readonly requestId: number };
  getLastMessageId: { readonly consumerId: number; readonly requestId: number };
  getLastMessageIdResponse: {
    readonly requestId: number;
    /** Numbers beyond 2^53 stand for −1: there is no message. */
    readonly lastMessageId: MessageIdData;
    readonly consumerMarkDeletePosition?: MessageIdData;
  };
  getTopicsOfNamespace: {
    readonly requestId: number;
    /** `tenant/namespace`. */
    readonly namespace: string;
    /** 0 persistent, 1 non-persistent, 2 all. */
    readonly mode: number;
  };
  getTopicsOfNamespaceResponse: { readonly requestId: number; readonly topics: readonly string[] };
  getSchema: { readonly requestId: number; readonly topic: string; readonly schemaVersion: Uint8Array };
  getSchemaResponse: {
    readonly requestId: number;
    /** −1 when there is none. */
    readonly errorCode?: number;
    readonly errorMessage?: string;
    readonly schema?: SchemaData;
  };
  closeConsumer: { readonly consumerId: number; readonly requestId: number };
  reachedEndOfTopic: { readonly consumerId: number };
  /** Since protocol version 20. */
  topicMigrated: {
    readonly resourceId: number;
    /** 0 producer, 1 consumer. */
    readonly resourceType: number;
    readonly brokerServiceUrl?: string;
    readonly brokerServiceUrlTls?: string;
  };
  success: { readonly requestId: number };
  error: { readonly requestId: number; readonly error: number; readonly message: string };
}

export type CommandName = keyof Commands;

export type AnyCommand = {
  [N in CommandName]: { readonly name: N; readonly body: Commands[N] };
}[CommandName];

/** A schema as brokers keep it. */
export interface SchemaData {
  readonly name: string;
  readonly schemaData: Uint8Array;
  /** Source: enum Schema.Type of PulsarApi.proto. */
  readonly type: number;
  readonly properties?: readonly KeyValue[];
}

/** How a message was encrypted, as its metadata tell. */
export interface Encryption {
  readonly encryptionKeys?: readonly {
    readonly key: string;
    readonly value: Uint8Array;
    readonly metadata?: readonly KeyValue[];
  }[];
  readonly encryptionAlgo?: string;
  readonly encryptionParam?: Uint8Array;
}

const { root } = parse(PULSAR_API);
const baseCommand = root.lookupType('pulsar.proto.BaseCommand').resolveAll() as Type;

/** Fields that carry numbers become numbers: every 64-bit value this client uses is below 2^53. */
const READ = { longs: Number, defaults: false } as const;

/** A BaseCommand in bytes. Its type has the same number as the field that carries its body. */
export function encodeCommand<N extends CommandName>(name: N, body: Commands[N]): Uint8Array {
  const type = baseCommand.fields[name]?.id;
  return baseCommand.encode(baseCommand.fromObject({ type, [name]: body })).finish();
}

/**
 * The command in `bytes`, undefined when it is one this client does not know.
 * @throws ProtocolError when it is no command.
 */
export function decodeCommand(bytes: Uint8Array): AnyCommand | undefined {
  let message: Message;
  try {
    message = baseCommand.decode(bytes);
  } catch (error) {
    throw asProtocolError(error, 'unavailable');
  }
  const { type } = message as unknown as { type: number };
  const name = baseCommand.fieldsById[type]?.name;
  if (name === undefined || type === 1) {
    return undefined;
  }
  const command = baseCommand.toObject(message, { ...READ, defaults: true }) as { [name: string]: unknown };
  const body = command[name];
  if (!body) {
    throw new ProtocolError('unavailable', `the command ${name} without its fields`);
  }
  return { name, body } as AnyCommand;
}

const messageMetadata = root.lookupType('pulsar.proto.MessageMetadata');

/** Those fields of a MessageMetadata. @throws Error when it is none. */
export function decodeEncryption(bytes: Uint8Array): Encryption {
  return messageMetadata.toObject(messageMetadata.decode(bytes), READ) as Encryption;
}
