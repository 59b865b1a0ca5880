import type { Clock } from '../../../src/util/clock';
import { type Random, randomInt } from '../../../src/util/random';
import { type ModelKinesis, modelKinesis } from '../model-kinesis';
import { STREAMS, TABLE } from './fleet-config';
import type { FleetPlan } from './fleet-plan';
import { FleetStream } from './fleet-stream';
import type { History } from './history';
import type { RecordAudit } from './record-audit';

export interface FleetStreamsParts {
  readonly plan: FleetPlan;
  readonly clock: Clock;
  readonly audit: RecordAudit;
  readonly history: History;
}

/** All streams that a fleet reads. */
export class FleetStreams {
  readonly kinesis: ModelKinesis;
  readonly #random: Random;
  readonly #streams: readonly FleetStream[];

  constructor({ plan, clock, audit, history }: FleetStreamsParts) {
    const { random, streams, shards, retention } = plan;
    const { subscriptionMs, heartbeatMs, eventBytes, takenOver, shardEnd, consumerLimit } = plan;
    const settleMs = 10 + randomInt(random, 500);
    this.#random = random;
    this.kinesis = modelKinesis(clock, {
      settleMs,
      subscriptionMs,
      heartbeatMs,
      eventBytes,
      takenOver,
      shardEnd,
      consumerLimit,
    });
    this.#streams = STREAMS.slice(0, streams).map(
      (name) =>
        new FleetStream({
          name,
          several: streams > 1,
          model: this.kinesis.model,
          clock,
          random,
          audit,
          history,
          shards,
          retention,
          puts: { ...plan, large: plan.pulsar?.large ?? 0 },
        }),
    );
    if (retention !== undefined) {
      audit.horizon = () => clock.now() - retention;
    }
  }

  /** The first one, or the only one. */
  get first(): FleetStream {
    return this.#streams[0] as FleetStream;
  }

  begin(): void {
    for (const stream of this.#streams) {
      stream.begin();
    }
  }

  look(): void {
    for (const stream of this.#streams) {
      stream.look();
    }
  }

  /** Puts about `count` user records. */
  put(count: number): void {
    for (let left = count; left > 0; ) {
      left -= Math.max(1, this.#any().put());
    }
  }

  reshard(): void {
    this.#any().reshard();
  }

  deregister(): void {
    this.#any().deregister(TABLE);
  }

  parentsOf(key: string): readonly string[] {
    for (const stream of this.#streams) {
      const parents = stream.parentsOf(key);
      if (parents !== undefined) {
        return parents;
      }
    }
    return [];
  }

  childrenOf(key: string): string[] {
    return this.#streams.flatMap((stream) => stream.childrenOf(key));
  }

  isClosed(key: string): boolean {
    return this.#streams.some((stream) => stream.isClosed(key));
  }

  #any(): FleetStream {
    return this.#streams[randomInt(this.#random, this.#streams.length)] ?? this.first;
  }
}
