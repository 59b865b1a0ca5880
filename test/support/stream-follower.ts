import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
} from '@aws-sdk/client-kinesis';
import { sleep, systemClock } from '../../src/util/clock';
import type { Delivered } from './delivery-check';

/** How long a stream may stay silent before a wait on it fails. */
const SILENCE_MS = 150_000;
const LOOK_MS = 50;

export interface FollowedRecord extends Delivered {
  readonly shardId: string;
}

/** Reads every shard of a stream from its beginning with the stock AWS SDK: nothing of ours is in the way. */
export class StreamFollower {
  readonly #client: KinesisClient;
  readonly #onRecord: (record: FollowedRecord) => void;
  readonly #iterators = new Map<string, string>();

  private constructor(client: KinesisClient, onRecord: (record: FollowedRecord) => void) {
    this.#client = client;
    this.#onRecord = onRecord;
  }

  /** Follows the shards that are there now. */
  static async open(
    client: KinesisClient,
    stream: string,
    onRecord: (record: FollowedRecord) => void,
  ): Promise<StreamFollower> {
    const follower = new StreamFollower(client, onRecord);
    const { Shards = [] } = await client.send(new ListShardsCommand({ StreamName: stream }));
    for (const { ShardId } of Shards) {
      const { ShardIterator } = await client.send(
        new GetShardIteratorCommand({ StreamName: stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
      );
      follower.#iterators.set(ShardId ?? '', ShardIterator ?? '');
    }
    return follower;
  }

  /** Resolves as soon as `reached` holds. @throws when the stream falls silent before. */
  async until(reached: () => boolean): Promise<void> {
    let last = systemClock.monotonic();
    while (!reached()) {
      if ((await this.#look()) > 0) {
        last = systemClock.monotonic();
      } else if (systemClock.monotonic() - last > SILENCE_MS) {
        throw new Error(`nothing has been put for ${SILENCE_MS} ms`);
      } else {
        await sleep(systemClock, LOOK_MS);
      }
    }
  }

  /** Resolves when everything put up to now has been read. */
  async readToEnd(): Promise<void> {
    while ((await this.#look()) > 0) {
      // Another look shows whether that was all.
    }
  }

  /** Records that every shard has given. */
  async #look(): Promise<number> {
    const counts = await Promise.all(
      [...this.#iterators].map(([shardId, iterator]) => this.#read(shardId, iterator)),
    );
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async #read(shardId: string, iterator: string): Promise<number> {
    const answer = await this.#client.send(new GetRecordsCommand({ ShardIterator: iterator, Limit: 5000 }));
    this.#iterators.set(shardId, answer.NextShardIterator ?? iterator);
    const records = answer.Records ?? [];
    for (const { PartitionKey, Data } of records) {
      this.#onRecord({ shardId, key: PartitionKey, payload: Data ?? new Uint8Array() });
    }
    return records.length;
  }
}
