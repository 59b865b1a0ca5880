import type { KinesisSourceConfig } from '../config';
import { fillTopic } from '../config/topic-template';
import { isConnectorError } from '../errors';
import type { SourceContext } from '../io';
import type { KinesisRecord } from './kinesis-record';
import { ALL_PROPERTIES, propertiesBuilder } from './record-properties';

/** What becomes of a record that can never be stored. END: the source ends, and no checkpoint passes the record. */
export type RefusalOutcome = 'END' | 'DEAD_LETTER' | 'SKIP';

const OUTCOMES: { readonly [policy in KinesisSourceConfig['onError']]: RefusalOutcome } = {
  fail: 'END',
  dlq: 'DEAD_LETTER',
  skip: 'SKIP',
};

const WHAT_NEXT: { readonly [outcome in RefusalOutcome]: string } = {
  END: 'a record can never be stored; the source ends and starts again with that record',
  DEAD_LETTER: 'a record can never be stored where it belongs; it goes to the dead-letter topic',
  SKIP: 'a record can never be stored; it is passed over',
};

/** Milliseconds between two lines about such records. */
const INTERVAL_MS = 10_000;

/** Where a dead letter came from must be known, whatever properties the messages have. */
const letterProperties = propertiesBuilder(ALL_PROPERTIES);

export interface RecordRefusalsOptions {
  readonly config: Pick<KinesisSourceConfig, 'onError' | 'deadLetterTopic' | 'dlqOversize'>;
  readonly context: Pick<SourceContext, 'clock' | 'logger' | 'metrics' | 'fatal' | 'deadLetter'>;
}

/** Applies `onError` to the records of one source that can never be stored, and tells of them. */
export class RecordRefusals {
  readonly #options: RecordRefusalsOptions;
  /** Records since the last line. */
  #records = 0;
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(options: RecordRefusalsOptions) {
    this.#options = options;
  }

  /**
   * @param stream How metrics and people know the stream.
   * @param inTurn Runs what sends a dead letter, when its turn has come.
   */
  refuse(
    record: KinesisRecord,
    cause: Error,
    stream: string,
    inTurn: (send: () => void) => void,
  ): RefusalOutcome {
    const { config, context } = this.#options;
    const outcome = OUTCOMES[config.onError];
    this.#tell(outcome, record, cause, stream);
    if (outcome === 'END') {
      context.fatal(cause);
    } else if (outcome === 'SKIP') {
      context.metrics.instrument('records_skipped', { stream, reason: codeOf(cause) }).record(1);
    } else {
      const { shardId, streamName } = record.partition;
      inTurn(() =>
        context.deadLetter({
          topic: fillTopic(config.deadLetterTopic ?? '', { stream: streamName, shardId }),
          record,
          properties: letterProperties(record),
          cause,
          truncate: config.dlqOversize === 'truncate',
        }),
      );
    }
    return outcome;
  }

  #tell(outcome: RefusalOutcome, record: KinesisRecord, cause: Error, stream: string): void {
    const { clock, logger } = this.#options.context;
    this.#records++;
    const now = clock.monotonic();
    if (now < this.#notBefore) {
      return;
    }
    const { sequenceNumber, subSequenceNumber, partition } = record;
    const fields = {
      stream,
      shardId: partition.shardId,
      sequenceNumber,
      subSequenceNumber,
      records: this.#records,
    };
    logger.warn({ code: codeOf(cause), ...fields, reason: cause.message }, WHAT_NEXT[outcome]);
    this.#records = 0;
    this.#notBefore = now + INTERVAL_MS;
  }
}

function codeOf(cause: Error): string {
  return isConnectorError(cause) ? cause.code : cause.name;
}
