import { evenRanges, hashKeyOf } from '../../src/stream/hash-key';
import { type Random, randomInt } from '../../src/util/random';
import type { Delivered } from '../support/delivery-check';
import { flights } from '../support/flights';
import type { PutEntry } from '../support/kinesis-fill';
import { frameOf, subRecord, wire } from '../support/kpl-frame';

export const SHARDS = 4;

/** What is put into the stream, and what is to arrive. */
export interface OnceRecords {
  readonly puts: readonly PutEntry[];
  readonly expected: readonly (Delivered & { readonly key: string })[];
}

/** A way in which records reach a topic. */
export interface OnceVariant {
  /** Of the topic; 0: not partitioned. */
  readonly partitions: number;
  /** Entries of the broker's configuration file. */
  readonly conf: { readonly [name: string]: string };
  /** Records that a shard may read at a time: so many that blows fall into the middle, five times a second. */
  readonly readSize: (count: number) => number;
  records(count: number, random: Random): OnceRecords;
}

/** Records that a shard reads at a time when a run of `count` is to take some 20 seconds without its blows. */
const paced = (count: number): number => Math.max(10, Math.ceil(count / (20 * 5 * SHARDS)));

const plain = (count: number): OnceRecords => {
  const expected = flights().slice(0, count);
  return { puts: expected, expected };
};

const MOST_IN_FRAME = 60;

/** Lower than what Kinesis takes. With 16 KiB the store of a standalone broker (4.0.8) did not survive being killed. */
const LARGE_LIMIT_BYTES = 64 * 1024;
/** One large record costs as much as so many flights. */
const LARGE_SHARE = 200;

export const ONCE_VARIANTS = {
  plain: { partitions: 0, conf: {}, readSize: paced, records: plain },
  partitioned: { partitions: 4, conf: {}, readSize: paced, records: plain },
  aggregated: {
    partitions: 0,
    conf: {},
    readSize: (count) => Math.ceil(paced(count) / (MOST_IN_FRAME / 2)),
    records: (count, random) => {
      const { expected } = plain(count);
      return { puts: frames(expected, random), expected };
    },
  },
  large: {
    partitions: 0,
    conf: { maxMessageSize: String(LARGE_LIMIT_BYTES) },
    readSize: (count) => Math.ceil(paced(count) / LARGE_SHARE),
    records: (count, random) => {
      const { expected: few } = plain(Math.ceil(count / LARGE_SHARE));
      const expected = few.map(({ key, payload }) => ({ key, payload: grown(payload, random) }));
      return { puts: expected, expected };
    },
  },
} as const satisfies { readonly [name: string]: OnceVariant };

export type OnceVariantName = keyof typeof ONCE_VARIANTS;

/** KPL frames of one to sixty records each, every one in the shard of its own key, in order. */
function frames(records: OnceRecords['expected'], random: Random): PutEntry[] {
  const puts: PutEntry[] = [];
  const ranges = evenRanges(SHARDS);
  const open = ranges.map((): OnceRecords['expected'][number][] => []);
  const sizes = ranges.map(() => 1 + randomInt(random, MOST_IN_FRAME));
  const close = (shard: number): void => {
    const frame = open[shard] ?? [];
    if (frame[0] !== undefined) {
      puts.push({ key: frame[0].key, payload: frameOfRecords(frame) });
      open[shard] = [];
      sizes[shard] = 1 + randomInt(random, MOST_IN_FRAME);
    }
  };
  for (const record of records) {
    const hash = hashKeyOf(record.key);
    const shard = ranges.findIndex(({ start, end }) => hash >= start && hash <= end);
    open[shard]?.push(record);
    if (open[shard]?.length === sizes[shard]) {
      close(shard);
    }
  }
  for (const shard of ranges.keys()) {
    close(shard);
  }
  return puts;
}

function frameOfRecords(records: OnceRecords['expected']): Buffer {
  const keys = [...new Set(records.map(({ key }) => key))];
  return frameOf(
    ...keys.map((key) => wire.bytes(1, key)),
    ...records.map(({ key, payload }) => subRecord(keys.indexOf(key), payload)),
  );
}

/** With so much behind it that it takes two to four chunks. */
function grown(payload: Uint8Array, random: Random): Buffer {
  const padding = Buffer.alloc(LARGE_LIMIT_BYTES + randomInt(random, 2 * LARGE_LIMIT_BYTES), random.hex(16));
  return Buffer.concat([payload, padding]);
}
