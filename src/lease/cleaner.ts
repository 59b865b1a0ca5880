import { mayHeal } from '../aws/retry';
import { explain } from '../errors';
import type { Logger } from '../util/logger';
import { type Random, shuffled } from '../util/random';
import { leasesToDelete } from './cleanup';
import type { LeaseView } from './lease-view';
import type { StreamRows } from './stream-rows';

/** Deleted after one scan, at most: many workers see the same rows, and nobody waits for it. */
const DELETED_AT_ONCE = 25;

export interface CleanerDeps {
  readonly rows: Pick<StreamRows, 'deleteFinished'>;
  readonly view: LeaseView;
  readonly random: Random;
  readonly logger: Logger;
  /** Milliseconds. */
  readonly failoverTime: number;
  /** Something cannot heal. */
  readonly onFailed: (error: unknown) => void;
}

/** Deletes rows that nobody needs any more, a few at a time; several workers do it at once without harm. */
export class Cleaner {
  #round: Promise<void> | undefined;

  constructor(private readonly deps: CleanerDeps) {}

  /** The view shows another scan. */
  scanned(signal: AbortSignal): void {
    this.#round ??= this.#clean(signal).finally(() => {
      this.#round = undefined;
    });
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await this.#round;
  }

  async #clean(signal: AbortSignal): Promise<void> {
    const { rows, view, random, failoverTime } = this.deps;
    const finished = leasesToDelete(view.observed(), failoverTime);
    // Not the same ones as the others do.
    for (const shardId of shuffled(random, finished).slice(0, DELETED_AT_ONCE)) {
      try {
        await rows.deleteFinished(shardId, signal);
      } catch (error) {
        this.#failed(error, signal);
        return;
      }
    }
  }

  /** What may heal is tried again after the next scan. */
  #failed(error: unknown, signal: AbortSignal): void {
    if (signal.aborted) {
      return;
    }
    if (mayHeal(error)) {
      this.deps.logger.debug({ error: explain(error) }, 'a row could not be deleted; it is tried again');
    } else {
      this.deps.onFailed(error);
    }
  }
}
