/** How long negatively acknowledged messages wait. Source: Pulsar `MultiplierRedeliveryBackoff`. */
export interface RedeliveryBackoff {
  /** Milliseconds before the first redelivery. */
  readonly initialMs: number;
  /** Milliseconds that no wait exceeds; `initialMs` when that is longer. */
  readonly maxMs: number;
  /** Of one wait to the one before, at least 1. */
  readonly multiplier: number;
}

/**
 * Milliseconds until a message is to be delivered again.
 * @param redeliveries how often it was before.
 */
export function redeliveryDelay(
  { initialMs, maxMs, multiplier }: RedeliveryBackoff,
  redeliveries: number,
): number {
  return Math.min(Math.max(initialMs, maxMs), Math.round(initialMs * multiplier ** redeliveries));
}
