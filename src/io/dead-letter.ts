import type { Properties, Record } from './record';

/** A record that can never be stored where it belongs, and where it goes instead. */
export interface DeadLetterOrder {
  readonly topic: string;
  /** Key, bytes and event time are taken from it; it is acked once the dead-letter topic has them. */
  readonly record: Pick<
    Record<Uint8Array>,
    'key' | 'value' | 'eventTime' | 'partition' | 'destinationTopic' | 'recordSequence' | 'ack'
  >;
  readonly properties: Properties;
  /** Why; told in properties as well. */
  readonly cause: Error;
  /** Where the broker's limit cannot be exceeded (`storesAnySize`): whether what is longer is cut off, or refused. */
  readonly truncate: boolean;
}
