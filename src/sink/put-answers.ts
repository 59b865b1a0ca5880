import type { PutResult } from '../aws/kinesis-api';
import type { ConnectorError } from '../errors';
import type { BackoffBounds } from '../util/backoff';
import type { Logger } from '../util/logger';
import type { Random } from '../util/random';
import { AnswerTally } from './answer-tally';
import { Frame, type PutUnit, recordsIn } from './frame';
import { refused } from './on-error';
import type { PendingEntries } from './pending-entries';
import { entryOutcome, requestOutcome } from './put-outcome';
import type { PutWatch } from './put-watch';
import type { RequestWindow } from './request-window';
import type { SinkMetrics } from './sink-metrics';

/** Failures in a row, of requests or of a shard, from which on they are news. */
const NEWS = 3;

/** Records refused one by one, with nothing accepted in between, which show that it is not the records. */
const LONE_REFUSALS = 20;

export interface PutAnswersOptions {
  readonly streamName: string;
  readonly entries: PendingEntries;
  readonly window: RequestWindow;
  readonly watch: PutWatch;
  /** Of the pauses of a shard. */
  readonly bounds: BackoffBounds;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: SinkMetrics;
  /** A record landed on another shard than expected. */
  readonly onMisplaced: () => void;
}

/** Does with the entries of a request what its answer says. Instants are monotonic milliseconds. */
export class PutAnswers {
  readonly #options: PutAnswersOptions;
  #loneRefusals = 0;

  constructor(options: PutAnswersOptions) {
    this.#options = options;
  }

  /**
   * @param results one an entry, in their order.
   * @throws what ends the sink; every other entry was dealt with all the same.
   */
  answered(batch: readonly PutUnit[], results: readonly PutResult[], now: number): void {
    const { window, logger, onMisplaced } = this.#options;
    if (window.failures >= NEWS) {
      logger.info({ failures: window.failures }, 'Kinesis answers again');
    }
    window.answered();
    const tally = new AnswerTally();
    let misplaced = false;
    let fatal: Error | undefined;
    for (let index = 0; index < batch.length; index++) {
      const unit = batch[index] as PutUnit;
      const result = results[index] as PutResult;
      if (result.accepted) {
        misplaced = this.#accepted(unit, result.shardId, tally, now) || misplaced;
      } else {
        fatal = this.#refused(unit, result, tally, now) ?? fatal;
      }
    }
    this.#judge(tally, now);
    if (misplaced) {
      onMisplaced();
    }
    if (fatal !== undefined) {
      throw fatal;
    }
  }

  /** @throws what ends the sink. */
  failed(batch: readonly PutUnit[], cause: unknown, startedAt: number, now: number): void {
    const { entries, window, watch, logger, metrics } = this.#options;
    const outcome = requestOutcome(cause, window.boundedFailures);
    switch (outcome.type) {
      case 'fatal':
        throw outcome.error;
      case 'isolate':
        window.answered();
        this.#isolate(batch, outcome.error, now);
        return;
      case 'again': {
        watch.refused(outcome.error.code);
        metrics.tally.failed(outcome.error.code, outcome.error.message);
        if (outcome.ambiguous) {
          metrics.ambiguousRetries.record(batch.reduce((sum, unit) => sum + recordsIn(unit), 0));
        }
        if (window.failed(startedAt, now, outcome)) {
          const { code, message: reason } = outcome.error;
          const waitMs = Math.round(window.pausedUntil - now);
          const fields = { code, reason, attempt: window.failures, waitMs };
          logger[window.failures < NEWS ? 'debug' : 'warn'](
            fields,
            'PutRecords failed; its records are sent again after the wait',
          );
        }
        for (const unit of batch) {
          entries.again(unit, now);
        }
      }
    }
  }

  /** @returns whether it landed where it was not expected. */
  #accepted(unit: PutUnit, shardId: string, tally: AnswerTally, now: number): boolean {
    const { entries, metrics } = this.#options;
    const queue = entries.queueOf(unit);
    const shard = tally.of(queue);
    const misplaced = shardId !== queue.shardId;
    const records = recordsIn(unit);
    shard.accepted++;
    queue.misled ||= misplaced;
    this.#loneRefusals = 0;
    if (!entries.belongs(unit, shardId)) {
      metrics.misplaced.record(records);
      entries.again(unit, now);
      return misplaced;
    }
    if (misplaced) {
      metrics.stored(shardId, records, unit.size);
    } else {
      shard.stored += records;
      shard.storedBytes += unit.size;
    }
    this.#timed(unit, now);
    entries.stored(unit, now);
    return misplaced;
  }

  #timed(unit: PutUnit, now: number): void {
    const { deliveryTime } = this.#options.metrics;
    if (unit instanceof Frame) {
      for (const { arrivedAt } of unit.members) {
        deliveryTime.record(now - arrivedAt);
      }
    } else {
      deliveryTime.record(now - unit.arrivedAt);
    }
  }

  /** @returns what ends the sink, if it does. */
  #refused(
    unit: PutUnit,
    result: PutResult & { readonly accepted: false },
    tally: AnswerTally,
    now: number,
  ): Error | undefined {
    const { entries, watch, metrics, streamName } = this.#options;
    const outcome = entryOutcome(result, streamName);
    if (outcome.type === 'fatal') {
      return outcome.error;
    }
    const queue = entries.queueOf(unit);
    tally.of(queue)[outcome.throttled ? 'throttled' : 'failed']++;
    metrics.refused(queue.shardId, result.errorCode);
    watch.refused(result.errorCode);
    entries.again(unit, now);
    return undefined;
  }

  #judge(tally: AnswerTally, now: number): void {
    const { watch, bounds, random, logger, metrics } = this.#options;
    for (const [queue, shard] of tally) {
      if (shard.accepted > 0) {
        watch.accepted();
        metrics.entriesStored.record(shard.accepted);
      }
      if (shard.stored > 0) {
        metrics.stored(queue.shardId, shard.stored, shard.storedBytes);
      }
      const refusals = queue.refusals;
      queue.answered(shard, now, bounds, random);
      if (queue.refusals > Math.max(refusals, NEWS) && Number.isInteger(Math.log2(queue.refusals))) {
        logger.warn(
          { shardId: queue.shardId, refusals: queue.refusals },
          'the shard refuses every record; they are sent again after a pause',
        );
      }
    }
  }

  /** Something in the request is invalid: its halves are sent, until the culprit is alone. */
  #isolate(batch: readonly PutUnit[], cause: ConnectorError, now: number): void {
    const { entries } = this.#options;
    const [first] = batch;
    if (batch.length > 1 || first === undefined) {
      const middle = batch.length >> 1;
      entries.batcher.compose(batch.slice(0, middle));
      entries.batcher.compose(batch.slice(middle));
      return;
    }
    if (first instanceof Frame) {
      entries.part(first, now);
      return;
    }
    if (++this.#loneRefusals >= LONE_REFUSALS) {
      throw cause;
    }
    entries.giveUp(first, refused(cause), now);
  }
}
