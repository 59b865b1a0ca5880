import type { ConnectorError } from '../errors';
import type { OutgoingMessage } from './transport';

/** How a MemoryBroker behaves; every field may be set at any time. */
export interface MemoryBehaviour {
  /** Milliseconds from a send to its receipt. */
  latencyMs: number;
  /** Messages it stores a second, over all topics. */
  messagesPerSecond: number;
  /** Bytes of the largest value it takes. */
  maxMessageBytes: number;
  /** Whether producers may send larger ones in chunks. */
  chunks: boolean;
  /** So many of the next sends are not stored and end their producer. */
  failNext: number;
  /** So many of the next sends are stored, and their receipt is lost. */
  loseReceipts: number;
  /** Why a producer of `topic` cannot be created now; undefined when it can. */
  refuseProducer: (topic: string) => ConnectorError | undefined;
  /** Why a message can never be stored; undefined when it can. */
  refuseMessage: (message: OutgoingMessage) => ConnectorError | undefined;
  /** Milliseconds that a message travels to its consumer; at 0 even a stopped clock does not hold it up. */
  deliveryLatencyMs: number;
  /** So many of the next acknowledgements are lost: not applied until their consumer reconnects. */
  loseAcknowledgements: number;
  /** Why a consumer of `topic` cannot connect now; undefined when it can. Those connected are not touched. */
  refuseConsumer: (topic: string) => ConnectorError | undefined;
}

export const PLAIN_BEHAVIOUR: Readonly<MemoryBehaviour> = {
  latencyMs: 0,
  messagesPerSecond: Number.POSITIVE_INFINITY,
  maxMessageBytes: 5 * 1024 * 1024,
  chunks: true,
  failNext: 0,
  loseReceipts: 0,
  refuseProducer: () => undefined,
  refuseMessage: () => undefined,
  deliveryLatencyMs: 0,
  loseAcknowledgements: 0,
  refuseConsumer: () => undefined,
};
