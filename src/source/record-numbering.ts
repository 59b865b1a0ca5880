import type { RecordSequencing } from '../io';
import type { Lease } from '../lease/lease';
import { distrust, type RowNumbering, type TopicSpread } from '../lease/row-numbering';
import { abortable } from '../util/abort';
import { type Deferred, deferred } from '../util/deferred';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';

/** What a numbering needs of the lease its tenure works under. */
export interface NumberedLease {
  readonly lease: Lease;
  /** Aborted with LEASE_LOST. */
  readonly signal: AbortSignal;
  /** See HeldLease. */
  number(numbering: RowNumbering | 'NONE'): Promise<void>;
}

export interface RecordNumberingOptions {
  readonly lease: NumberedLease;
  /** Of the producer: everything of its name but the generation. */
  readonly name: string;
  readonly enablesDeduplication: boolean;
  readonly random: Random;
  readonly logger: Logger;
  /** A generation begins. @param reason why, see `distrust` */
  onGeneration(reason: 'NEW' | 'MOVED' | 'TRIMMED'): void;
}

const WHY: { readonly [reason: string]: string } = {
  MOVED: 'the checkpoint was moved by another program',
  TRIMMED: 'the record at the checkpoint is not there any more',
};

/**
 * The numbers of one tenure's records, which an earlier tenure has begun or this one begins. A number must never stand
 * for two records: the broker would drop the second one. So the row's word counts only where reading proves it, and
 * everything else begins a generation, which is another producer to the broker: what was sent before may come again.
 */
export class RecordNumbering implements RecordSequencing {
  readonly #options: RecordNumberingOptions;
  #row: RowNumbering | undefined;
  #settling: Promise<void> | undefined;
  #confirmed = -1;
  #waits: { readonly id: number; readonly reached: Deferred<void> }[] = [];

  constructor(options: RecordNumberingOptions) {
    this.#options = options;
  }

  /** Whether it is known how records are numbered: before that none may be handed out. */
  get settled(): boolean {
    return this.#row !== undefined;
  }

  get producerName(): string {
    return `${this.#options.name}/${this.#settled.generation}`;
  }

  get enablesDeduplication(): boolean {
    return this.#options.enablesDeduplication;
  }

  get firstId(): number {
    return this.#settled.ordinal;
  }

  /**
   * Goes on with the row's numbering, or begins another one, and stores that before anything can be sent.
   * @param first sequence number of the first record read at or behind the checkpoint; undefined: none yet
   * @throws ConnectorError LEASE_LOST, or what cannot heal
   */
  async settle(first: string | undefined): Promise<void> {
    if (first !== undefined) {
      // One reader may take the place of another meanwhile.
      this.#settling ??= this.#settle(first).finally(() => {
        this.#settling = undefined;
      });
      await this.#settling;
    }
  }

  async #settle(first: string): Promise<void> {
    const { lease, random, logger, onGeneration } = this.#options;
    const { numbering, checkpoint, shardId } = lease.lease;
    const reason = distrust(numbering, checkpoint, first);
    if (reason === undefined && numbering !== undefined) {
      await lease.number(numbering);
      this.#row = numbering;
      return;
    }
    const begun: RowNumbering = {
      generation: random.hex(8),
      ordinal: 0,
      at: checkpoint,
      firstSequence: first,
      spread: numbering?.spread,
    };
    await lease.number(begun);
    if (reason !== undefined && reason !== 'NEW') {
      logger.warn(
        { code: 'NUMBERING_BEGUN', shardId, checkpoint: checkpoint.sequenceNumber, reason },
        `records are numbered anew, because ${WHY[reason]}: what was sent behind the checkpoint comes again`,
      );
    }
    onGeneration(reason ?? 'NEW');
    this.#row = begun;
  }

  async partitions(topic: string, found: number): Promise<number> {
    const { spread } = this.#settled;
    const used = spread?.topic === topic ? spread.partitions : 0;
    if (used > 0 && used <= found) {
      return used;
    }
    // Fewer than there were: the topic was deleted and made again, and what it had is gone.
    if (used !== found) {
      await this.#spread({ topic, partitions: found });
    }
    return found;
  }

  async repartition(topic: string, found: number, lastSent: number): Promise<void> {
    await this.reached(lastSent);
    await this.#spread({ topic, partitions: found });
  }

  async abandon(): Promise<void> {
    await this.#options.lease.number('NONE');
  }

  async reached(id: number): Promise<void> {
    if (this.#confirmed < id) {
      const wait = { id, reached: deferred<void>() };
      this.#waits.push(wait);
      await abortable(wait.reached.promise, this.#options.lease.signal);
    }
  }

  /** All records up to and with that number are confirmed. */
  confirmed(ordinal: number): void {
    this.#confirmed = ordinal;
    if (this.#waits.length > 0) {
      for (const { reached } of this.#waits.filter(({ id }) => id <= ordinal)) {
        reached.resolve();
      }
      this.#waits = this.#waits.filter(({ id }) => id > ordinal);
    }
  }

  get #settled(): RowNumbering {
    if (this.#row === undefined) {
      throw new Error('records are handed out before they are numbered');
    }
    return this.#row;
  }

  async #spread(spread: TopicSpread): Promise<void> {
    const row = { ...this.#settled, spread };
    await this.#options.lease.number(row);
    this.#row = row;
  }
}
