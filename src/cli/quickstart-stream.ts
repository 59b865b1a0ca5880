import type { Emulator } from '../emulator';
import type { Arrival } from './quickstart-run';

/** Reads what arrives in a stream of the emulator, past the connector: from the model itself. */
export class QuickstartStream {
  readonly #emulator: Emulator;
  readonly #iterators: string[];

  /** From its beginning. */
  constructor(emulator: Emulator, name: string) {
    this.#emulator = emulator;
    this.#iterators = emulator.kinesis.call('ListShards', { StreamName: name }).Shards.map(
      ({ ShardId }) =>
        emulator.kinesis.call('GetShardIterator', {
          StreamName: name,
          ShardId,
          ShardIteratorType: 'TRIM_HORIZON',
        }).ShardIterator,
    );
  }

  /** What has come since the last call, in the order of each shard. */
  arrivals(): readonly Arrival[] {
    return this.#iterators.flatMap((iterator, shard) => {
      const answer = this.#emulator.kinesis.call('GetRecords', { ShardIterator: iterator });
      this.#iterators[shard] = answer.NextShardIterator ?? iterator;
      return answer.Records.map(({ PartitionKey, Data }) => ({
        key: PartitionKey,
        value: Buffer.from(Data, 'base64'),
      }));
    });
  }

  /** The same until nothing more comes. */
  rest(): readonly Arrival[] {
    const found: Arrival[] = [];
    for (let more = this.arrivals(); more.length > 0; more = this.arrivals()) {
      found.push(...more);
    }
    return found;
  }
}
