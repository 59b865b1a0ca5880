import { ConnectorError } from '../errors';

/** States of a shard consumer. Source: the KCL's ConsumerStates, with DRAINING of our own. */
export const CONSUMER_STATES = [
  'WAITING_ON_PARENTS',
  'INITIALIZING',
  'PROCESSING',
  'DRAINING',
  'SHUTTING_DOWN',
  'COMPLETE',
] as const;
export type ConsumerState = (typeof CONSUMER_STATES)[number];

/**
 * What moves a consumer on. SUCCESS is the end of a state's own work; the others are reasons to stop, and only
 * one of a higher rank replaces one of a lower.
 */
export const CONSUMER_EVENTS = [
  'SUCCESS',
  'LEASE_LOST',
  'SHARD_END',
  'REQUESTED',
  'FAILED',
  'DEADLINE',
] as const;
export type ConsumerEvent = (typeof CONSUMER_EVENTS)[number];
export type StopReason = Exclude<ConsumerEvent, 'SUCCESS' | 'DEADLINE'>;

/** FAILED stands above REQUESTED and SHARD_END: nothing more can be drained; a lost lease forbids even the rest. */
const RANK: { readonly [reason in StopReason]: number } = {
  LEASE_LOST: 3,
  FAILED: 2.5,
  SHARD_END: 2,
  REQUESTED: 1,
};

type Row = { readonly [event in ConsumerEvent]: ConsumerState | 'illegal' };

/** DESIGN §6. `illegal` throws. */
const TRANSITIONS: { readonly [state in ConsumerState]: Row } = {
  WAITING_ON_PARENTS: {
    SUCCESS: 'INITIALIZING',
    LEASE_LOST: 'SHUTTING_DOWN',
    SHARD_END: 'illegal',
    REQUESTED: 'SHUTTING_DOWN',
    FAILED: 'SHUTTING_DOWN',
    DEADLINE: 'SHUTTING_DOWN',
  },
  INITIALIZING: {
    SUCCESS: 'PROCESSING',
    LEASE_LOST: 'SHUTTING_DOWN',
    SHARD_END: 'SHUTTING_DOWN',
    REQUESTED: 'SHUTTING_DOWN',
    FAILED: 'SHUTTING_DOWN',
    DEADLINE: 'SHUTTING_DOWN',
  },
  PROCESSING: {
    SUCCESS: 'PROCESSING',
    LEASE_LOST: 'SHUTTING_DOWN',
    SHARD_END: 'DRAINING',
    REQUESTED: 'DRAINING',
    FAILED: 'SHUTTING_DOWN',
    DEADLINE: 'SHUTTING_DOWN',
  },
  DRAINING: {
    SUCCESS: 'SHUTTING_DOWN',
    LEASE_LOST: 'SHUTTING_DOWN',
    SHARD_END: 'DRAINING',
    REQUESTED: 'DRAINING',
    FAILED: 'SHUTTING_DOWN',
    DEADLINE: 'SHUTTING_DOWN',
  },
  SHUTTING_DOWN: {
    SUCCESS: 'COMPLETE',
    LEASE_LOST: 'SHUTTING_DOWN',
    SHARD_END: 'SHUTTING_DOWN',
    REQUESTED: 'SHUTTING_DOWN',
    FAILED: 'SHUTTING_DOWN',
    DEADLINE: 'SHUTTING_DOWN',
  },
  COMPLETE: {
    SUCCESS: 'illegal',
    LEASE_LOST: 'COMPLETE',
    SHARD_END: 'illegal',
    REQUESTED: 'COMPLETE',
    FAILED: 'COMPLETE',
    DEADLINE: 'COMPLETE',
  },
};

/** @throws ConnectorError ILLEGAL_STATE naming both. */
export function nextConsumerState(state: ConsumerState, event: ConsumerEvent): ConsumerState {
  const next = TRANSITIONS[state][event];
  if (next === 'illegal') {
    throw new ConnectorError('ILLEGAL_STATE', `a shard consumer in state ${state} cannot take ${event}`);
  }
  return next;
}

/** The reason that counts when `reason` arrives while `current` stands. */
export function strongerReason(current: StopReason | undefined, reason: StopReason): StopReason {
  return current === undefined || RANK[reason] > RANK[current] ? reason : current;
}
