import { type BackoffBounds, fullJitter } from '../util/backoff';
import type { Random } from '../util/random';

/** Smallest part of a request's bytes that time-outs lead to, and what each answer gives back. */
const SMALLEST_SCALE = 1 / 32;

/** Requests under way from which on those that are not full keep a distance in time, and how many milliseconds. */
const FEW = 2;
const SPACING_MS = 10;

export interface FailureKind {
  /** Whether the error may never heal. */
  readonly bounded: boolean;
  readonly timedOut: boolean;
}

/**
 * How many requests may be under way, how large, and when after failures. Pure; instants are monotonic milliseconds.
 *
 * Where order is kept each answer makes a few entries ready. If they went at once, there would soon be as many
 * requests as allowed, each of a few entries, at many times the CPU time of full ones. So only a few may be under
 * way before one that is not full waits for others to join it: for the next answer, or a short while.
 *
 * A failed request halves their number and pauses all with full jitter; failures in a row leave one probe at a time,
 * so that an outage costs few entries whose effect is unknown. Requests that time out become smaller as well: where
 * the uplink is slow, the full size would never arrive. Every answer widens again.
 */
export class RequestWindow {
  readonly #max: number;
  readonly #bounds: BackoffBounds;
  readonly #random: Random;
  #size: number;
  #underWay = 0;
  #sentAt = Number.NEGATIVE_INFINITY;
  #scale = 1;
  #failures = 0;
  #boundedFailures = 0;
  #failedAt = Number.NEGATIVE_INFINITY;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(max: number, bounds: BackoffBounds, random: Random) {
    this.#max = max;
    this.#size = max;
    this.#bounds = bounds;
    this.#random = random;
  }

  /** Requests that may be under way. */
  get size(): number {
    return this.#size;
  }

  /** Part of a request's usual bytes, above 0 up to 1. */
  get scale(): number {
    return this.#scale;
  }

  get pausedUntil(): number {
    return this.#pausedUntil;
  }

  get underWay(): number {
    return this.#underWay;
  }

  /** When a further request may go; infinite while there are as many as may be. */
  get opensAt(): number {
    return this.#underWay < this.#size ? this.#pausedUntil : Number.POSITIVE_INFINITY;
  }

  /** When one that is not full may go. */
  get partialFrom(): number {
    return this.#underWay < FEW ? Number.NEGATIVE_INFINITY : this.#sentAt + SPACING_MS;
  }

  /** Failures in a row; those under way at the same time count once. */
  get failures(): number {
    return this.#failures;
  }

  /** Those among them whose error may never heal. */
  get boundedFailures(): number {
    return this.#boundedFailures;
  }

  sent(now: number): void {
    this.#underWay++;
    this.#sentAt = now;
  }

  /** A request is under way no longer, however it ended. */
  ended(): void {
    this.#underWay--;
  }

  answered(): void {
    this.#failures = 0;
    this.#boundedFailures = 0;
    this.#size = Math.min(this.#max, this.#size + 1);
    this.#scale = Math.min(1, this.#scale + SMALLEST_SCALE);
  }

  /**
   * @param startedAt of the request.
   * @returns false when it was under way at the failure before, which has been counted.
   */
  failed(startedAt: number, now: number, kind: FailureKind): boolean {
    if (startedAt < this.#failedAt) {
      return false;
    }
    this.#pausedUntil = now + fullJitter(this.#failures, this.#bounds, this.#random);
    this.#failedAt = now;
    this.#failures++;
    this.#size = this.#failures === 1 ? Math.max(1, this.#size >> 1) : 1;
    if (kind.bounded) {
      this.#boundedFailures++;
    }
    if (kind.timedOut) {
      this.#scale = Math.max(SMALLEST_SCALE, this.#scale / 2);
    }
    return true;
  }
}
