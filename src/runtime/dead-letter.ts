import { isConnectorError } from '../errors';
import type { Properties } from '../io';
import type { ReceivedMessage } from '../pulsar/transport';
import { encryptionJson } from '../sink/format/full-json';
import type { DeliveredRecord } from './lane-records';

/** Characters of an error's message that a dead letter carries. */
const MAX_REASON = 1000;

const NO_BYTES = new Uint8Array();

/** Where a message comes from. */
export interface MessageOrigin {
  /** The dead-letter topic has it. */
  deadLettered(message: ReceivedMessage): void;
}

/** Who is told what became of dead letters. */
export interface DeadLetterOwner {
  stored(letter: DeadLetter): void;
  refused(letter: DeadLetter, error: Error): void;
}

/** A message on its way into the dead-letter topic: as it was, with properties that say where from and why. */
export class DeadLetter implements DeliveredRecord {
  readonly #message: ReceivedMessage;
  readonly key: string | undefined;
  readonly value: Uint8Array;
  readonly eventTime: number | undefined;
  readonly properties: Properties;
  readonly #owner: DeadLetterOwner;
  readonly #origin: MessageOrigin;

  constructor(message: ReceivedMessage, cause: Error, origin: MessageOrigin, owner: DeadLetterOwner) {
    this.#owner = owner;
    this.#origin = origin;
    this.#message = message;
    this.key = message.key;
    this.value = message.value ?? NO_BYTES;
    this.eventTime = message.eventTime;
    this.properties = propertiesOf(message, cause);
  }

  ack(): void {
    this.#origin.deadLettered(this.#message);
    this.#owner.stored(this);
  }

  fail(error: Error): void {
    this.#owner.refused(this, error);
  }
}

/**
 * Source of the capital names: Pulsar RetryMessageUtil; those of a message that was a dead letter before stay, as in
 * ConsumerImpl.
 */
function propertiesOf(message: ReceivedMessage, cause: Error): Properties {
  return {
    REAL_TOPIC: message.topic,
    ORIGIN_MESSAGE_ID: message.id,
    ...message.properties,
    // A producer has no other way to say these three.
    ...(message.keyIsBase64 ? { 'pulsar-io-kinesis.key.encoding': 'base64' } : {}),
    ...(message.value === undefined ? { 'pulsar-io-kinesis.value': 'null' } : {}),
    ...(message.encryption === undefined
      ? {}
      : { 'pulsar-io-kinesis.encryption': encryptionJson(message.encryption) }),
    'pulsar-io-kinesis.error.code': isConnectorError(cause) ? cause.code : cause.name,
    'pulsar-io-kinesis.error.message': cause.message.slice(0, MAX_REASON),
  };
}
