export { type ClientSettings, type ProducerRequest, PulsarClient } from './client';
export type { Consumer, ConsumerOptions } from './consumer';
export type { Authentication } from './endpoint';
export type { IncomingMessage } from './incoming-message';
export { PendingBudget, type PendingLimits } from './pending-budget';
export type { Producer as ProtocolProducer } from './producer';
export { ProtocolError, type ProtocolErrorKind } from './protocol-error';
export { ReceiptWatch } from './receipt-watch';
export { fullTopicName } from './topic-name';
