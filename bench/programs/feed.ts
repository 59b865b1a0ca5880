import type { KinesisModel } from '../../src/emulator';
import { sleep, systemClock } from '../../src/util/clock';
import { machineMillis } from './machine-clock';
import { STREAM } from './writer-settings';

export interface FeedSettings {
  readonly shards: number;
  /** Over all shards, evenly. */
  readonly recordsPerSecond: number;
  /** At least the 12 of a stamp. */
  readonly recordBytes: number;
  /** Put in all; a multiple of `shards`. */
  readonly records: number;
}

const HASH_KEYS = 2n ** 128n;
const STAMP_BYTES = 12;

/** When a record was put, and which of its shard it is, from 0. */
export interface Stamp {
  /** By `machineMillis`. */
  readonly putAt: number;
  readonly index: number;
}

/** @param value data of a record that a feed has put */
export function stampOf(value: Uint8Array): Stamp {
  const view = new DataView(value.buffer, value.byteOffset, STAMP_BYTES);
  return { putAt: view.getFloat64(0), index: view.getUint32(8) };
}

/** Puts records at an even pace, each shard in turn, one partition key a shard; what came late is put at once. @param tell is told of each as it is put */
export async function feed(
  kinesis: KinesisModel,
  settings: FeedSettings,
  tell?: (stamp: Stamp) => void,
): Promise<void> {
  const { shards, recordsPerSecond, recordBytes, records } = settings;
  const data = Buffer.alloc(recordBytes);
  const from = machineMillis();
  for (let count = 0; count < records; ) {
    const due = Math.min(records, Math.floor(((machineMillis() - from) * recordsPerSecond) / 1000));
    for (; count < due; count++) {
      const shard = count % shards;
      const stamp: Stamp = { putAt: machineMillis(), index: Math.floor(count / shards) };
      data.writeDoubleBE(stamp.putAt, 0);
      data.writeUInt32BE(stamp.index, 8);
      tell?.(stamp);
      kinesis.call('PutRecord', {
        StreamName: STREAM,
        PartitionKey: `shard-${shard}`,
        ExplicitHashKey: String((HASH_KEYS * BigInt(2 * shard + 1)) / BigInt(2 * shards)),
        Data: data.toString('base64'),
      });
    }
    await sleep(systemClock, 1);
  }
}
