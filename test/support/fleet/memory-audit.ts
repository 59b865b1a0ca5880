import type { FanOutApi } from '../../../src/aws/fan-out-api';
import type { KinesisApi } from '../../../src/aws/kinesis-api';
import { RECORD_OVERHEAD } from '../../../src/source/retained-answer';
import type { Claim } from './claim';
import type { History } from './history';
import type { LeaseAudit } from './lease-audit';
import type { PutRecord, RecordAudit } from './record-audit';

/** What an answer keeps is known when it is decoded; its room is asked for before, by what the last one kept. */
const OVERSHOOT = 1.3;

/** Sub-records that are unpacked, however little room there is. Source: src/source/unpacking.ts */
const SLICE = 512;

/** What one worker has read of one shard and has not seen confirmed. */
interface Held {
  readonly records: Map<number, number>;
  /** Sub-records of a frame that were sent. */
  readonly unpacked: Set<number>;
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
}

/**
 * G5: payload bytes of one worker from the answer that brought them to their confirmation. What it may have dropped
 * (the shard is no longer its own, or is read again from further back) is not counted. What a sub-record costs beside its
 * payload is not either: a slice of them is made however little room there is; how many are sent at a time shows whether
 * no more are.
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

  watchedFanOut<F extends FanOutApi>(fanOut: F): F {
    return {
      ...fanOut,
      subscribeToShard: async (...args) => {
        const subscription = await fanOut.subscribeToShard(...args);
        return {
          serviceTime: subscription.serviceTime,
          next: async (options) => {
            const event = await subscription.next(options);
            this.#took(event?.records.map(({ data }) => data) ?? []);
            return event;
          },
          close: () => subscription.close(),
        };
      },
    };
  }

  sent({ index, shard, frame }: PutRecord): void {
    const held = this.#held.get(shard.shardId);
    if (frame === undefined || held?.records.has(index) !== true) {
      return;
    }
    const { worker, limit, history } = this.#parts;
    held.unpacked.add(index);
    if (held.unpacked.size > SLICE + limit / RECORD_OVERHEAD) {
      history.broken(`G5 ${worker} has unpacked ${held.unpacked.size} records and may hold ${limit} bytes`);
    }
  }

  confirmed({ index, shard }: PutRecord): void {
    const held = this.#held.get(shard.shardId);
    held?.records.delete(index);
    held?.unpacked.delete(index);
  }

  #took(payloads: readonly Uint8Array[]): void {
    const { worker, limit, history, records, drops } = this.#parts;
    let taken = 0;
    let last: Held | undefined;
    const raws = payloads.flatMap((payload) =>
      records.ofRaw(payload).map((record) => ({ record, bytes: payload.byteLength })),
    );
    for (const { record, bytes: whole } of raws) {
      const { index, place, shard, frame, dropped } = record;
      let held = this.#held.get(shard.shardId);
      if (held === undefined || place <= held.lastPlace) {
        const claim = this.#parts.leases.claims.of(worker, shard.shardId);
        held = {
          records: new Map(),
          unpacked: new Set(),
          lastPlace: place,
          claim,
          since: this.#parts.now(),
        };
        this.#held.set(shard.shardId, held);
      }
      held.lastPlace = place;
      last = held;
      if (place > this.#checkpoint(shard.shardId) && !dropped) {
        // The frame is kept until its last record is confirmed, at least what is left of it.
        const bytes = frame === undefined ? whole + RECORD_OVERHEAD : Math.floor(whole / frame.count / 2);
        held.records.set(index, bytes);
        taken += bytes;
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
    for (const [shardId, { records, unpacked, claim: then, since }] of this.#held) {
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
        unpacked.clear();
      }
    }
    return total;
  }
}
