import type { LogFields } from '../../../src/util/logger';
import type { Claim, Lane } from './claim';
import { type History, shortName } from './history';
import type { LeaseAudit } from './lease-audit';
import type { PutRecord, RecordAudit } from './record-audit';

/** What workers send, and what of it the topic gets: G3 and G4, and G2 by the records' own audit. */
export class LaneAudit {
  readonly #lanes = new Map<object, Lane>();
  /** Who stored a record last. */
  readonly #storedBy = new Map<number, Lane>();
  /** Where workers have said that records may have been trimmed, by shard: places before the gap. */
  readonly #gaps = new Map<string, number[]>();
  duplicates = 0;

  constructor(
    private readonly history: History,
    private readonly records: RecordAudit,
    private readonly leases: LeaseAudit,
    private readonly now: () => number,
  ) {}

  /** @param key one object for all producers of one consumer. */
  opened(worker: string, key: object): Lane {
    let lane = this.#lanes.get(key);
    if (lane === undefined) {
      lane = {
        worker,
        claim: undefined,
        confirmed: -1,
        ahead: new Set(),
        inFlight: new Set(),
        start: undefined,
        lastSent: -1,
        closed: true,
      };
      this.#lanes.set(key, lane);
    }
    lane.inFlight.clear();
    lane.lastSent = Math.max(lane.confirmed, lane.start ?? -1);
    return lane;
  }

  /** Some worker has logged something. */
  heard({ code, stream, shardId, from }: LogFields): void {
    if (code === 'SOURCE_DATA_LOSS') {
      const key = this.records.keyOf(String(stream), String(shardId));
      const [sequenceNumber = '', subSequenceNumber] = String(from).split('.');
      const place = this.records.placeOf(key, {
        sequenceNumber,
        subSequenceNumber: Number(subSequenceNumber ?? 0),
      });
      const gaps = this.#gaps.get(key) ?? [];
      this.#gaps.set(key, [...gaps, place]);
    }
  }

  sent(lane: Lane, record: PutRecord): void {
    const { worker } = lane;
    const { place, shard } = record;
    const { shardId } = shard;
    const first = lane.start === undefined;
    lane.start ??= place - 1;
    lane.claim ??= this.leases.claims.beginning(worker, shardId);
    const { claim } = lane;
    if (claim === undefined) {
      this.#broken('G4', record, `${worker} sent record ${record.index} without ever owning it`);
      return;
    }
    claim.lanes.add(lane);
    if ([...claim.lanes].some((other) => other !== lane && !other.closed)) {
      this.#broken('G4', record, `${worker} has two consumers of it`);
    }
    this.history.note(`sends record ${record.index}`, worker, shardId);
    this.#requireValid(claim, record);
    if (record.dropped) {
      this.#broken('G1', record, `${worker} sent record ${record.index}, whose key is another shard's`);
    } else if (!this.records.isDue(record) && record.copies === 0) {
      this.#requireDue(record, worker);
    }
    const row = this.leases.rows.get(shardId);
    const start = row === undefined ? -1 : this.records.placeOf(shardId, row.checkpoint);
    const owns = row?.owner?.startsWith(`${worker}-`) === true;
    if (owns && place <= start) {
      this.#broken('G3', record, `${worker} sent record ${record.index}, which its checkpoint covers`);
    } else if (place <= lane.confirmed || lane.ahead.has(place)) {
      this.#broken('G3', record, `${worker} sent record ${record.index} again, which was confirmed to it`);
    } else if (!first && place !== lane.lastSent + 1 && !this.#gone(record, lane)) {
      this.#broken('G2', record, `${worker} sent place ${place} behind place ${lane.lastSent}`);
    }
    this.#requireTold(record, worker, first ? (owns ? start : place) : lane.lastSent);
    lane.lastSent = place;
    lane.inFlight.add(place);
  }

  /** What was sent leaves its process, now or later than that, or once more. */
  left({ claim }: Lane, record: PutRecord): void {
    if (claim !== undefined) {
      this.#requireValid(claim, record);
    }
  }

  /**
   * @param lane undefined: somebody else's.
   * @param partition of the topic, if it has several
   */
  stored(lane: Lane | undefined, record: PutRecord, partition?: string): void {
    const { shardId } = record.shard;
    const where = partition === undefined ? '' : ` in ${partition.slice(1 + partition.lastIndexOf('-'))}`;
    const by = lane?.worker ?? 'another';
    this.history.note(`record ${record.index} of ${by} is stored${where}`, '', shardId);
    const before = this.#storedBy.get(record.index);
    if (lane !== undefined) {
      this.#storedBy.set(record.index, lane);
    }
    record.copies++;
    if (record.copies === 1) {
      this.records.arrived(record, partition);
      return;
    }
    this.duplicates++;
    if (lane === undefined || before === undefined || this.leases.moved.has(shardId)) {
      return;
    }
    if (before !== lane && record.place <= before.confirmed && before.claim?.state === 'left') {
      this.#broken(
        'G3',
        record,
        `record ${record.index} came again though ${before.worker} had given the shard up`,
      );
    }
  }

  confirmed(lane: Lane, record: PutRecord): void {
    lane.inFlight.delete(record.place);
    lane.ahead.add(record.place);
    const [oldest = Number.POSITIVE_INFINITY] = lane.inFlight;
    for (const place of lane.ahead) {
      if (place < oldest) {
        lane.ahead.delete(place);
        lane.confirmed = Math.max(lane.confirmed, place);
      }
    }
    if (lane.claim !== undefined) {
      lane.claim.confirmed = Math.max(lane.claim.confirmed, lane.confirmed);
    }
  }

  #requireValid(claim: Claim, record: PutRecord): void {
    const { worker, state, validUntil } = claim;
    if (state === 'left' || state === 'leaving') {
      this.#broken('G4', record, `${worker} sent record ${record.index} while or after giving the shard up`);
    } else if (state === 'told') {
      this.#broken('G4', record, `${worker} sent record ${record.index} and knew that the lease is lost`);
    } else if (this.now() > validUntil) {
      const late = Math.round(this.now() - validUntil);
      this.#broken(
        'G4',
        record,
        `${worker} sent record ${record.index} ${late} ms after its lease had run out`,
      );
    }
  }

  /** What was trimmed between two records, and nobody has, must have been told. @param before place of the first one; -1: none */
  #requireTold({ place, shard, index }: PutRecord, worker: string, before: number): void {
    const startAt = this.records.startOf(shard) ?? 0;
    const lost =
      before < 0
        ? undefined
        : shard.records
            .slice(before + 1, place)
            .find(({ copies, arrival, dropped }) => copies === 0 && !dropped && arrival >= startAt);
    if (lost === undefined) {
      return;
    }
    // By whoever read there: one who told, and then read to the tip, leaves nothing to tell.
    const gaps = this.#gaps.get(shard.shardId) ?? [];
    if (!gaps.some((gap) => before <= gap && gap < lost.place)) {
      this.#broken(
        'G1',
        lost,
        `${worker} sent record ${index} and did not tell that ${lost.index} is missing`,
      );
    }
  }

  #requireDue(record: PutRecord, worker: string): void {
    if (record.arrival < (this.records.startOf(record.shard) ?? 0)) {
      this.#broken('G1', record, `${worker} sent record ${record.index} from before the start position`);
    }
  }

  /** Whether all between what the lane sent last and the record need not be sent: trimmed, before the start, confirmed. */
  #gone({ place, shard }: PutRecord, { lastSent, confirmed, ahead }: Lane): boolean {
    const skipped = shard.records.slice(Math.max(lastSent, confirmed) + 1, place);
    return place > lastSent && skipped.every((one) => ahead.has(one.place) || !this.records.isDue(one));
  }

  #broken(guarantee: string, { shard }: PutRecord, what: string): void {
    this.history.broken(`${guarantee} ${shortName(shard.shardId)}: ${what}`, shard.shardId);
  }
}
