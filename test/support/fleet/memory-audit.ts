import type { KinesisApi } from '../../../src/aws/kinesis-api';
import { RECORD_OVERHEAD } from '../../../src/source/retained-answer';
import type { Claim } from './claim';
import type { History } from './history';
import type { LeaseAudit } from './lease-audit';
import type { PutRecord, RecordAudit } from './record-audit';

/** What an answer keeps is known when it is decoded; its room is asked for before, by what the last one kept. */
const OVERSHOOT = 1.3;

/** What one worker has read of one shard and has not seen confirmed. */
interface Held {
  readonly records: Map<number, number>;
  lastPlace: number;
  readonly claim: Claim | undefined;
  /** When its reading began. */
  readonly since: number;
}

export interface MemoryAuditParts {
  readonly worker: string;
  /** Bytes; see receiveQueueBytes. */
  readonly limit: number;
  readonly history: History;
  readonly leases: LeaseAudit;
  readonly records: RecordAudit;
  now(): number;
  /** Whether it lets go of what it has not sent. */
  drops(): boolean;
  /** End of its last standstill: its leases may have run out then, by its own clocks. */
  pausedUntil(): number;
  recordOf(payload: Uint8Array): PutRecord;
}

/**
 * G5: payload bytes of one worker from the answer that brought them to their confirmation. What it may have dropped
 * (the shard is no longer its own, or is read again from further back) is not counted.
 */
export class MemoryAudit {
  readonly #parts: MemoryAuditParts;
  readonly #held = new Map<string, Held>();

  constructor(parts: MemoryAuditParts) {
    this.#parts = parts;
  }

  watched<K extends KinesisApi>(kinesis: K): K {
    return {
      ...kinesis,
      getRecords: async (stream, request, options) => {
        const answer = await kinesis.getRecords(stream, request, options);
        this.#took(answer.records.map(({ data }) => data));
        return answer;
      },
    };
  }

  confirmed({ index, shard }: PutRecord): void {
    this.#held.get(shard.shardId)?.records.delete(index);
  }

  #took(payloads: readonly Uint8Array[]): void {
    const { worker, limit, history, recordOf, drops } = this.#parts;
    let taken = 0;
    let last: Held | undefined;
    for (const payload of payloads) {
      const { index, place, shard } = recordOf(payload);
      let held = this.#held.get(shard.shardId);
      if (held === undefined || place <= held.lastPlace) {
        const claim = this.#parts.leases.claims.of(worker, shard.shardId);
        held = { records: new Map(), lastPlace: place, claim, since: this.#parts.now() };
        this.#held.set(shard.shardId, held);
      }
      held.lastPlace = place;
      last = held;
      if (place > this.#checkpoint(shard.shardId)) {
        held.records.set(index, payload.byteLength + RECORD_OVERHEAD);
        taken += payload.byteLength + RECORD_OVERHEAD;
      }
    }
    const total = this.#total();
    // Where nothing is held one answer is let in, however large.
    const keeps = last !== undefined && last.records.size > 0;
    if (total > OVERSHOOT * limit && keeps && taken < total && !drops()) {
      history.broken(`G5 ${worker} holds ${total} bytes and may hold ${limit}`);
    }
  }

  /** Reading starts with the last record that the checkpoint covers, which is dropped at once. */
  #checkpoint(shardId: string): number {
    const { leases, records } = this.#parts;
    const row = leases.rows.get(shardId);
    return row === undefined ? -1 : records.placeOf(shardId, row.checkpoint);
  }

  #total(): number {
    const { worker, leases, now, pausedUntil } = this.#parts;
    let total = 0;
    for (const [shardId, { records, claim: then, since }] of this.#held) {
      const claim = leases.claims.of(worker, shardId);
      const row = leases.rows.get(shardId);
      // Asked to hand over, it may have dropped an answer already.
      const asked = row?.handoffId !== undefined;
      const isOwn = claim?.state === 'held' && claim === then && claim.validUntil > now();
      if (isOwn && Math.max(claim.validSince, pausedUntil()) <= since && !asked) {
        for (const bytes of records.values()) {
          total += bytes;
        }
      } else {
        records.clear();
      }
    }
    return total;
  }
}
