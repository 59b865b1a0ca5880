import type { MetricSink } from '../io';
import type { LeaseCoordinator } from '../lease/lease-coordinator';
import type { Clock } from '../util/clock';
import type { SourceStream } from './source-stream';

export interface UnownedGaugesParts {
  readonly metrics: MetricSink;
  readonly clock: Pick<Clock, 'now'>;
  /** Those that are there. */
  readonly streams: () => Iterable<Pick<SourceStream, 'label'>>;
  readonly shards: Pick<LeaseCoordinator<SourceStream>['shards'], 'unowned' | 'reachedInstant'>;
  /** Whether a shard is read here. @param name see SourceStream.nameOf */
  readonly isRead: (name: string) => boolean;
}

interface ShardLabels {
  readonly stream: string;
  readonly shard: string;
  readonly [label: string]: string;
}

/** What nobody reads: every worker tells of all that it may take, since nobody knows who will be there to tell. */
export class UnownedGauges {
  readonly #parts: UnownedGaugesParts;
  /** Shards told of, by stream and id. */
  #told = new Map<string, ShardLabels>();
  #streams = new Set<string>();

  constructor(parts: UnownedGaugesParts) {
    this.#parts = parts;
  }

  sample(): void {
    const { metrics, clock, shards, isRead } = this.#parts;
    const streams = this.#present();
    const told = new Map<string, ShardLabels>();
    for (const { stream, lease, unownedFor = 0 } of shards.unowned()) {
      const name = stream.nameOf(lease.shardId);
      // Between the look at the table and the first look of its own, this worker may have begun to read it.
      if (isRead(name)) {
        continue;
      }
      const { label } = stream;
      const { count, longest } = streams.get(label) ?? NONE;
      streams.set(label, { count: count + 1, longest: Math.max(longest, unownedFor) });
      const reached = shards.reachedInstant(lease);
      if (reached !== undefined) {
        const labels = { stream: label, shard: lease.shardId };
        metrics.instrument('millis_behind_latest', labels).record(Math.max(0, clock.now() - reached));
        told.set(name, labels);
      }
    }
    for (const [stream, { count, longest }] of streams) {
      metrics.instrument('unowned_shards', { stream }).record(count);
      metrics.instrument('longest_unowned', { stream }).record(longest);
    }
    this.#forget(told);
  }

  /** The streams, each without a shard as yet; those that have gone are forgotten. */
  #present(): Map<string, typeof NONE> {
    const present = new Map(Array.from(this.#parts.streams(), ({ label }) => [label, NONE] as const));
    for (const stream of this.#streams) {
      if (!present.has(stream)) {
        this.#parts.metrics.forget({ stream });
      }
    }
    this.#streams = new Set(present.keys());
    return present;
  }

  /** The lag of a shard that somebody reads is told by whoever does. */
  #forget(told: Map<string, ShardLabels>): void {
    for (const [name, labels] of this.#told) {
      if (!told.has(name) && !this.#parts.isRead(name)) {
        this.#parts.metrics.forget(labels);
      }
    }
    this.#told = told;
  }
}

const NONE = { count: 0, longest: 0 };
