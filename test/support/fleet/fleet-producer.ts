import { createHash } from 'node:crypto';
import type { KinesisModel } from '../../../src/emulator/kinesis/model';
import type { Clock } from '../../../src/util/clock';
import type { Random } from '../../../src/util/random';
import { frameOf, subRecord, wire } from '../kpl-frame';
import { Dice } from './dice';
import type { RecordAudit, ShardRecords } from './record-audit';

const KEYS = Array.from({ length: 24 }, (_, n) => `key-${n}`);
const MAX_PADDING = 40;
const LARGE_PADDING = 4000;
/** Sub-records of a frame; one is larger. */
const MOST_PARTS = 8;
const LARGE_PARTS = 2600;

export interface HashRange {
  readonly start: bigint;
  readonly end: bigint;
}

/** How a stream is written to. */
export interface PutPlan {
  /** Likelihood that what is put is a KPL frame. */
  readonly frames: number;
  /** Whether one of them has thousands of sub-records. */
  readonly largeFrame: boolean;
  /** What readers do with sub-records whose key is another shard's. */
  readonly subRecordFilter: 'keep' | 'drop';
}

/** The same with what depends on Pulsar. */
export interface SizedPuts extends PutPlan {
  /** Likelihood that a record has thousands of bytes. */
  readonly large: number;
}

export interface FleetProducerParts {
  readonly plan: SizedPuts;
  readonly stream: string;
  readonly model: KinesisModel;
  readonly clock: Clock;
  readonly random: Random;
  readonly audit: RecordAudit;
  shard(shardId: string): ShardRecords;
  rangeOf(shardId: string): HashRange;
}

/** A record of a frame before it is put. */
interface Part {
  readonly key: string;
  readonly hashKey: bigint;
  readonly explicit: boolean;
}

/**
 * - `whole`: its keys are of one shard, or were when it was put together. `stale`: they are anyone's.
 * - `single`, `empty`: of one sub-record, of none.
 * - `damaged`: its digest does not fit.
 */
type FrameKind = 'whole' | 'stale' | 'single' | 'empty' | 'damaged';
const FRAME_KINDS: readonly FrameKind[] = ['whole', 'whole', 'stale', 'stale', 'single', 'empty', 'damaged'];

/** Writes to one stream: numbered records, alone or in KPL frames, made without any code of the product. */
export class FleetProducer {
  readonly #parts: FleetProducerParts;
  readonly #dice: Dice;
  #largeLeft: boolean;

  constructor(parts: FleetProducerParts) {
    this.#parts = parts;
    this.#dice = new Dice(parts.random);
    this.#largeLeft = parts.plan.largeFrame;
  }

  /** Puts a record, or a frame. @returns how many user records that are */
  put(): number {
    return this.#dice.chance(this.#parts.plan.frames) ? this.#putFrame() : this.#putOne();
  }

  #putOne(): number {
    const { audit, clock } = this.#parts;
    const key = this.#key();
    const { shard, sequenceNumber } = this.#put(Buffer.from(this.#text(audit.count)), key);
    audit.put(shard, sequenceNumber, clock.now());
    return 1;
  }

  /** @returns how many sub-records it has */
  #putFrame(): number {
    const { plan, audit, clock, rangeOf } = this.#parts;
    const kind = FRAME_KINDS[this.#dice.some(FRAME_KINDS.length)] ?? 'whole';
    const parts = this.#partsOf(kind);
    const data = this.#frame(parts);
    if (kind === 'damaged') {
      data.writeUInt8(data.readUInt8(data.length - 1) ^ 1, data.length - 1);
    }
    const [first] = parts;
    const { shard, shardId, sequenceNumber } = this.#put(data, 'a', first?.hashKey ?? hashOf(this.#key()));
    if (kind === 'damaged') {
      audit.put(shard, sequenceNumber, clock.now(), data);
      return 1;
    }
    const { start, end } = rangeOf(shardId);
    const dropped = parts.map(
      ({ hashKey }) => plan.subRecordFilter === 'drop' && (hashKey < start || hashKey > end),
    );
    audit.putFrame(shard, sequenceNumber, clock.now(), { data, dropped });
    return parts.length;
  }

  #partsOf(kind: FrameKind): Part[] {
    const isLarge = this.#largeLeft && kind === 'whole';
    const count =
      kind === 'empty'
        ? 0
        : kind === 'single'
          ? 1
          : 2 + this.#dice.some(isLarge ? LARGE_PARTS : MOST_PARTS - 1);
    this.#largeLeft &&= !isLarge;
    const first = this.#key();
    const keys = kind === 'stale' ? KEYS : this.#neighbours(first);
    return Array.from({ length: count }, (_, n) => {
      const key = n === 0 ? first : (keys[this.#dice.some(keys.length)] ?? first);
      const explicit = kind === 'stale' && this.#dice.chance(0.2);
      return { key, explicit, hashKey: hashOf(explicit ? this.#key() : key) };
    });
  }

  #frame(parts: readonly Part[]): Buffer {
    // A frame of no bytes at all is none: source, KCL `AggregatorUtil.deaggregate`.
    const keys = parts.length === 0 ? KEYS.slice(0, 1) : [...new Set(parts.map(({ key }) => key))];
    const hashKeys = [
      ...new Set(parts.filter(({ explicit }) => explicit).map(({ hashKey }) => String(hashKey))),
    ];
    const first = this.#parts.audit.count;
    return frameOf(
      ...keys.map((key) => wire.bytes(1, key)),
      ...hashKeys.map((hashKey) => wire.bytes(2, hashKey)),
      ...parts.map(({ key, explicit, hashKey }, n) =>
        subRecord(
          keys.indexOf(key),
          this.#text(first + n),
          explicit ? hashKeys.indexOf(String(hashKey)) : undefined,
        ),
      ),
    );
  }

  /** Keys of the shard that `key` belongs to now. */
  #neighbours(key: string): readonly string[] {
    const { model, stream } = this.#parts;
    const hash = hashOf(key);
    const { Shards } = model.call('ListShards', { StreamName: stream, ShardFilter: { Type: 'AT_LATEST' } });
    const ranges = Shards.map(({ HashKeyRange: { StartingHashKey, EndingHashKey } }) => ({
      start: BigInt(StartingHashKey),
      end: BigInt(EndingHashKey),
    }));
    const range = ranges.find(({ start, end }) => start <= hash && hash <= end);
    return KEYS.filter((other) => {
      const at = hashOf(other);
      return range !== undefined && range.start <= at && at <= range.end;
    });
  }

  #put(data: Buffer, PartitionKey: string, hashKey?: bigint) {
    const { model, stream, shard } = this.#parts;
    const { ShardId: shardId, SequenceNumber: sequenceNumber } = model.call('PutRecord', {
      StreamName: stream,
      PartitionKey,
      Data: data.toString('base64'),
      ...(hashKey !== undefined && { ExplicitHashKey: String(hashKey) }),
    });
    return { shardId, sequenceNumber, shard: shard(shardId) };
  }

  #key(): string {
    return KEYS[this.#dice.some(KEYS.length)] ?? '';
  }

  #text(index: number): string {
    const { large } = this.#parts.plan;
    const isLarge = large > 0 && this.#dice.chance(large);
    return `${index}`.padEnd(1 + this.#dice.some(isLarge ? LARGE_PADDING : MAX_PADDING));
  }
}

const HASHES = new Map(
  KEYS.map((key) => [key, BigInt(`0x${createHash('md5').update(key).digest('hex')}`)] as const),
);

const hashOf = (key: string): bigint => HASHES.get(key) ?? 0n;
