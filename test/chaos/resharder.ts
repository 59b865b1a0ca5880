import { systemClock } from '../../src/util/clock';
import { type Random, randomInt } from '../../src/util/random';
import { Ticker } from '../../src/util/ticker';
import type { ChaosLab } from './chaos-lab';

const EVERY_MS = 2000;
const MOST_SHARDS = 8;
const FEWEST_SHARDS = 3;
/** Halves of a shard smaller than this would have none of the load's keys. */
const SMALLEST_SPLIT = 2n ** 124n;

/** Splits and merges one shard after the other until it is stopped. */
export class Resharder {
  readonly #ticker: Ticker;
  splits = 0;
  merges = 0;

  constructor(
    private readonly lab: ChaosLab,
    private readonly random: Random,
  ) {
    this.#ticker = new Ticker(systemClock, EVERY_MS, () => this.#reshard());
  }

  stop(): void {
    this.#ticker.stop();
  }

  #reshard(): void {
    const { lab, random } = this;
    const open = lab.openShards();
    const place = randomInt(random, open.length);
    const [shard, next] = open.slice(place);
    if (shard === undefined) {
      return;
    }
    const grow = open.length <= FEWEST_SHARDS || (open.length < MOST_SHARDS && random.next() < 0.5);
    if (grow && shard.end - shard.start >= SMALLEST_SPLIT) {
      lab.split(shard.shardId, (shard.start + shard.end) / 2n + 1n);
      this.splits++;
    } else if (!grow && next !== undefined) {
      lab.merge(shard.shardId, next.shardId);
      this.merges++;
    }
  }
}
