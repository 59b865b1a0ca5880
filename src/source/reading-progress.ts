import type { RetrievalBatch } from '../retrieval/retrieval';
import type { ExtendedSequenceNumber } from '../stream/extended-sequence-number';
import type { ShardConsumerOptions } from './shard-consumer-options';

/** Milliseconds allowed for between the clock behind a Date header and those of records. */
const DATE_MS = 1000;

/** Milliseconds without an answer from which on a shard is taken for not being read, whatever the reason. */
const UNREAD_MS = 5000;

/** The same where answers are pushed: an idle subscription brings an empty event about every five seconds. */
const UNPUSHED_MS = 15_000;

/** How far the reading of one shard has come, as its answers tell. Instants are monotonic milliseconds. */
export class ReadingProgress {
  readonly #options: Pick<ShardConsumerOptions, 'lease' | 'tenure' | 'clock' | 'caughtUpTarget'>;
  /** Set once reading has passed the tip that the shard had at `caughtUpTarget`: the last record up to there. */
  #tip: { readonly position: ExtendedSequenceNumber | undefined } | undefined;
  #behind: { readonly ms: number; readonly at: number; readonly unread: number } | undefined;
  /** What was read when nothing was left to read, at a time of the service; until all of it is confirmed. */
  #emptied: { readonly position: ExtendedSequenceNumber | undefined; readonly at: number } | undefined;

  constructor(options: Pick<ShardConsumerOptions, 'lease' | 'tenure' | 'clock' | 'caughtUpTarget'>) {
    this.#options = options;
  }

  /** Whether the shard was read to where its tip was at `caughtUpTarget`, and all of that is confirmed. */
  get caughtUp(): boolean {
    const tip = this.#tip;
    return (
      tip !== undefined && (tip.position === undefined || this.#options.tenure.hasConfirmed(tip.position))
    );
  }

  /** Milliseconds that reading is behind the tip of the shard, at most; undefined before the first answer that tells. */
  get lag(): number | undefined {
    if (this.#behind === undefined) {
      return undefined;
    }
    const unread = this.#options.clock.monotonic() - this.#behind.at;
    return this.#behind.ms + (unread >= this.#behind.unread ? unread : 0);
  }

  /** No answer follows: what was confirmed since the last one counts as well. */
  drained(): void {
    this.#tellCaughtUp();
  }

  /** All of `batch` is queued. */
  answered(batch: RetrievalBatch, askedAt: number, answeredAt: number): void {
    const { lookedSince, millisBehindLatest: ms } = batch;
    const isPushed = lookedSince !== undefined;
    if (batch.end !== undefined) {
      // Nothing is ever left to read.
      this.#behind = { ms: 0, at: answeredAt, unread: Number.POSITIVE_INFINITY };
    } else if (ms !== undefined) {
      this.#behind = { ms, at: answeredAt, unread: isPushed ? UNPUSHED_MS : UNREAD_MS };
    }
    this.#reached(ms ?? Number.POSITIVE_INFINITY, lookedSince ?? askedAt);
    // What was pushed carries a time that lies before the look already.
    this.#caughtUpAt(batch, isPushed ? 0 : answeredAt - askedAt);
  }

  /**
   * What was read reaches to (time of the look − millisBehindLatest), whatever the clocks show.
   * @param ms millisBehindLatest
   * @param lookedSince not later than the look
   */
  #reached(ms: number, lookedSince: number): void {
    const { tenure, caughtUpTarget } = this.#options;
    if (lookedSince - ms >= caughtUpTarget) {
      this.#tip ??= { position: tenure.lastRead };
    }
  }

  /**
   * Tells the lease since when everything is confirmed that was there then.
   * @param took milliseconds from the call to the answer, within which the service looked
   */
  #caughtUpAt({ millisBehindLatest, serviceTime, end }: RetrievalBatch, took: number): void {
    const { tenure } = this.#options;
    if (end !== undefined) {
      this.#emptied = undefined;
    }
    if ((millisBehindLatest === 0 || end !== undefined) && serviceTime !== undefined) {
      // The header is of the answer; the look at the shard may have been as early as the call.
      const at = serviceTime - DATE_MS - took;
      // A busy shard is asked again before its records are confirmed: the older instant stands until they are.
      this.#emptied ??= { position: tenure.lastRead, at: Math.floor(at) };
    }
    this.#tellCaughtUp();
  }

  #tellCaughtUp(): void {
    const { lease, tenure } = this.#options;
    const emptied = this.#emptied;
    if (emptied !== undefined && (emptied.position === undefined || tenure.hasConfirmed(emptied.position))) {
      lease.caughtUp(emptied.at);
      this.#emptied = undefined;
    }
  }
}
