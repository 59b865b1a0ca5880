import type { KinesisModel } from '../../src/emulator';
import { systemClock } from '../../src/util/clock';
import { Ticker } from '../../src/util/ticker';
import type { ArrivalTally } from '../support/arrival-tally';

const TICK_MS = 25;
const KEY_SPACE = 2n ** 128n;

export interface LoadOptions {
  readonly kinesis: KinesisModel;
  readonly stream: string;
  readonly tally: ArrivalTally;
  readonly recordsPerSecond: number;
  /** Keys, spread evenly over the hash keys, so that every shard has its part of them whatever is split or merged. */
  readonly keys: number;
}

/** Puts records at a steady rate, key by key in turn, until it is stopped. */
export class Load {
  readonly #options: LoadOptions;
  readonly #startedAt = systemClock.monotonic();
  readonly #ticker: Ticker;
  #count = 0;
  #lastAt = this.#startedAt;
  #longestPause = 0;

  constructor(options: LoadOptions) {
    this.#options = options;
    this.#ticker = new Ticker(systemClock, TICK_MS, () => this.#put());
  }

  /** Longest time that this process could not put anything, milliseconds: the machine was busy with something else. */
  get longestPause(): number {
    return this.#longestPause;
  }

  stop(): void {
    this.#ticker.stop();
  }

  #put(): void {
    const { kinesis, stream, tally, recordsPerSecond, keys } = this.#options;
    const at = systemClock.monotonic();
    this.#longestPause = Math.max(this.#longestPause, at - this.#lastAt - TICK_MS);
    this.#lastAt = at;
    const due = ((at - this.#startedAt) / 1000) * recordsPerSecond;
    for (; this.#count < due; this.#count++) {
      const place = this.#count % keys;
      const key = `key-${place}`;
      const { ShardId, SequenceNumber } = kinesis.call('PutRecord', {
        StreamName: stream,
        PartitionKey: key,
        ExplicitHashKey: ((KEY_SPACE * BigInt(2 * place + 1)) / BigInt(2 * keys)).toString(),
        Data: Buffer.from(String(tally.sentCount)).toString('base64'),
      });
      tally.sent({ key, shardId: ShardId, sequenceNumber: SequenceNumber, at });
    }
  }
}
