import type { ConnectorConfig, MetricSink, Record, Sink, SinkContext } from '../../../src/io';
import type { SinkValue } from '../../../src/sink/entry';
import type { AuditedMessage, SinkAudit } from './sink-audit';
import type { SinkTenure } from './sink-tenure';

export interface AuditedSinkParts {
  readonly inner: Sink<SinkValue>;
  readonly audit: SinkAudit;
  readonly tenure: SinkTenure;
  readonly messageOf: (record: Record<SinkValue>) => AuditedMessage;
  /** Bytes of data and partition key. */
  readonly sizeOf: (record: Record<SinkValue>) => number;
  /** How often the process stood still. */
  readonly pauses: () => number;
}

/** A sink of which the audit learns everything. */
export class AuditedSink implements Sink<SinkValue> {
  readonly settlesEveryRecord: boolean;
  #context: SinkContext | undefined;

  constructor(private readonly parts: AuditedSinkParts) {
    this.settlesEveryRecord = parts.inner.settlesEveryRecord ?? false;
  }

  open(config: ConnectorConfig, context: SinkContext): Promise<void> {
    const { inner, tenure } = this.parts;
    this.#context = context;
    return inner.open(config, {
      ...context,
      metrics: this.#counting(context.metrics),
      fatal: (error) => {
        tenure.refusing = true;
        context.fatal(error);
      },
    });
  }

  write(record: Record<SinkValue>): Promise<void> {
    const { inner, tenure, messageOf, sizeOf } = this.parts;
    const message = messageOf(record);
    const ack = record.ack.bind(record);
    const fail = record.fail.bind(record);
    record.ack = () => {
      tenure.settles(message, undefined);
      ack();
    };
    record.fail = (cause) => {
      tenure.settles(message, cause);
      fail(cause);
    };
    tenure.takes(message, sizeOf(record));
    return inner.write(record);
  }

  flush(): void {
    this.parts.inner.flush?.();
  }

  async close(): Promise<void> {
    const { inner, audit, tenure, pauses } = this.parts;
    const { now } = audit.rules;
    const startedAt = now();
    const paused = pauses();
    try {
      await inner.close();
    } finally {
      tenure.closed();
      const took = now() - startedAt;
      const limit = this.#context?.shutdownTimeoutMs ?? 0;
      if (took > limit + 1 && pauses() === paused) {
        audit.broken(`the sink of ${tenure.name} took ${took} ms to close, more than ${limit}`);
      }
    }
  }

  #counting(metrics: MetricSink): MetricSink {
    const { tenure } = this.parts;
    return {
      record: (name, value) => metrics.record(name, value),
      reader: () => metrics.reader(),
      forget: (labels) => metrics.forget(labels),
      instrument: (name, labels) => {
        const instrument = metrics.instrument(name, labels);
        if (name !== 'sink_ambiguous_retries') {
          return instrument;
        }
        return {
          record: (value) => {
            tenure.countedAmbiguous += value;
            instrument.record(value);
          },
        };
      },
    };
  }
}
