import type { BackoffBounds } from '../util/backoff';
import { fullJitter } from '../util/backoff';
import type { Random } from '../util/random';

/**
 * Milliseconds after a successful SubscribeToShard in which another one of the same consumer and shard is refused
 * (ResourceInUseException). Source: Kinesis API, SubscribeToShard.
 */
export const SUBSCRIPTION_SPACING_MS = 5000;

/** Milliseconds between two tries: one call a second, consumer and shard is allowed. Source: as above. */
const TRY_MS = 1000;

/** Tries within the spacing of somebody else's subscription; whoever is refused for longer has a rival. */
const TRIES = SUBSCRIPTION_SPACING_MS / TRY_MS;

/** When a shard may be subscribed to; pure, all times are monotonic milliseconds. */
export class SubscriptionPacing {
  readonly #backoff: BackoffBounds;
  readonly #random: Random;
  #notBefore = Number.NEGATIVE_INFINITY;
  /** Whether this reader has had the subscription that it is refused now. */
  #had = false;

  constructor(backoff: BackoffBounds, random: Random) {
    this.#backoff = backoff;
    this.#random = random;
  }

  /** The earliest instant of the next call. */
  get next(): number {
    return this.#notBefore;
  }

  /** @param at when the answer was there: the service counts from an earlier instant */
  subscribed(at: number): void {
    this.#had = true;
    this.#notBefore = at + SUBSCRIPTION_SPACING_MS;
  }

  /**
   * Refused, or cut off, because another subscription of the same consumer is younger.
   *
   * Whoever has just taken the lease tries once a second until the old owner's subscription is old enough. Whoever had
   * the subscription has lost it to another worker, most likely with its lease, which it does not know yet: it waits
   * for so long that its next renewal tells, and does not take back what is another's.
   * @param refusals in a row before this one
   * @returns milliseconds to wait
   */
  refused(at: number, refusals: number): number {
    const base = this.#had ? SUBSCRIPTION_SPACING_MS : TRY_MS;
    const rival = refusals < TRIES ? 0 : fullJitter(refusals - TRIES, this.#backoff, this.#random);
    const wait = base + (this.#random.next() * TRY_MS) / 2 + rival;
    this.#notBefore = Math.max(this.#notBefore, at + wait);
    this.#had = false;
    return this.#notBefore - at;
  }
}
