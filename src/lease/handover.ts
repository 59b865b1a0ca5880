import { isFinished, type Lease } from './lease';

/** What one worker asks of another: the lease of a shard, handed over without a gap in what is confirmed. */
export interface HandoverRequest {
  readonly asker: string;
  /** The row on which the request was conditional: owner, counter, and a stale request that it replaces. */
  readonly seen: Lease;
  /** Random, so that an answer to an older request is not taken for one to this. */
  readonly id: string;
}

/** Where a request stands, as its asker sees the row. */
export type HandoverState =
  /** No answer came to the write, and the row does not show it: it may still arrive. */
  | 'SENT'
  /** The row shows it; the owner has not answered. */
  | 'WAITING'
  /** The owner has answered, and drains. */
  | 'DRAINING'
  /** The owner has given the lease up to the asker. */
  | 'GRANTED'
  /** The owner wrote twice without an answer: the first of these writes told it of the request. */
  | 'UNANSWERED'
  /** The owner drains for longer than it may. */
  | 'OVERDUE'
  /** The owner gives no sign of life. */
  | 'EXPIRED'
  /** Another owner, another request, a finished or vanished row: nothing to wait for any more. */
  | 'OVER';

/** What the asker does in each state. */
export const HANDOVER_ACTIONS = {
  SENT: 'LOOK',
  WAITING: 'LOOK',
  DRAINING: 'LOOK',
  GRANTED: 'TAKE',
  UNANSWERED: 'TAKE',
  OVERDUE: 'TAKE',
  // It is free for all now: who takes it, and how many, is decided as for any other lease.
  EXPIRED: 'END',
  OVER: 'END',
} as const satisfies { readonly [state in HandoverState]: 'LOOK' | 'TAKE' | 'END' };

/** One request and what the looks at its row showed so far; instants are the asker's monotonic milliseconds. */
export interface Handover {
  readonly state: HandoverState;
  readonly counter: number;
  /** When `counter` was first seen. */
  readonly aliveAt: number;
  /** When the owner's answer was first seen. */
  readonly answeredAt: number | undefined;
}

export interface HandoverLimits {
  /** Milliseconds. */
  readonly failoverTime: number;
  /** Milliseconds that an owner may take from its answer until it gives the lease up. */
  readonly handoffTimeout: number;
}

/** A consistent read of the row: undefined when it is not there. */
export interface Look {
  readonly row: Lease | undefined;
  /** Monotonic milliseconds: the row was read between the two. */
  readonly started: number;
  readonly ended: number;
}

/** @param arrived whether the write of the request was answered */
export function beginHandover({ seen }: HandoverRequest, arrived: boolean, now: number): Handover {
  return {
    state: arrived ? 'WAITING' : 'SENT',
    counter: seen.counter,
    aliveAt: now,
    answeredAt: undefined,
  };
}

/** The hand-over after one more look. As in a scan, nobody is taken for dead too early: see LeaseView. */
export function lookAt(
  before: Handover,
  { asker, seen, id }: HandoverRequest,
  { row, started, ended }: Look,
  { failoverTime, handoffTimeout }: HandoverLimits,
): Handover {
  const became = (state: HandoverState): Handover => ({ ...before, state });
  if (row === undefined || isFinished(row)) {
    return became('OVER');
  }
  if (row.owner === undefined) {
    return became(row.handoffTo === asker ? 'GRANTED' : 'OVER');
  }
  const stands = row.handoffId === id;
  const mayArrive =
    before.state === 'SENT' && row.counter === seen.counter && row.handoffId === seen.handoffId;
  if (row.owner !== seen.owner || (!stands && !mayArrive)) {
    return became('OVER');
  }
  const answered = stands && row.draining === id;
  const after: Omit<Handover, 'state'> = {
    counter: row.counter,
    aliveAt: row.counter === before.counter ? before.aliveAt : ended,
    answeredAt: answered ? (before.answeredAt ?? ended) : undefined,
  };
  return { ...after, state: stateOf() };

  function stateOf(): HandoverState {
    if (started - after.aliveAt >= failoverTime) {
      return 'EXPIRED';
    }
    if (after.answeredAt !== undefined) {
      return started - after.answeredAt >= handoffTimeout ? 'OVERDUE' : 'DRAINING';
    }
    if (!stands) {
      return 'SENT';
    }
    // Counters and not looks: the owner may have written several times between two of them.
    return row !== undefined && row.counter - seen.counter >= 2 ? 'UNANSWERED' : 'WAITING';
  }
}
