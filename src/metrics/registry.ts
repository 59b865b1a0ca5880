import { ConnectorError } from '../errors';
import type { Instrument, MetricLabels, MetricReader, MetricSample, MetricSink } from '../io';
import { CALL_BUCKETS, METRICS, type MetricDefinition } from './definitions';
import { HistogramSet, StatisticSet } from './statistic-set';

const DEFINITIONS: ReadonlyMap<string, MetricDefinition> = new Map(Object.entries(METRICS));

/** Instruments with news from which on a reader is told that it is full. */
const FULL = 20_000;

export interface ReaderOptions {
  /** Samples of distributions have `buckets`. */
  readonly buckets?: boolean;
  /** See MetricSink.forget. What was recorded before is read after it. */
  onForgotten?(labels: MetricLabels): void;
  /** Much waits to be read: for one that is read only when somebody asks, which may be never. */
  onFull?(): void;
}

/**
 * The metrics of one instance. An instrument lives for as long as somebody holds it or has not read what is in it:
 * those of shards that have ended go with their consumers.
 */
export class MetricRegistry implements MetricSink {
  readonly #instruments = new Map<string, WeakRef<StatisticInstrument>>();
  readonly #readers: NewsReader[] = [];
  readonly #forgotten = new FinalizationRegistry<string>((key) => {
    // One of the same name and labels may have been made since.
    if (this.#instruments.get(key)?.deref() === undefined) {
      this.#instruments.delete(key);
    }
  });

  /** Instruments that are known, those about to be forgotten included. */
  get size(): number {
    return this.#instruments.size;
  }

  /** A distribution of that name; see MetricSink. */
  record(name: string, value: number): void {
    this.#known(`user\0${name}`, name, {}).record(value);
  }

  /** @throws ConnectorError ILLEGAL_STATE when definitions.ts has no such metric, or it has other labels. */
  instrument(name: string, labels: MetricLabels = {}): Instrument {
    const defined = DEFINITIONS.get(name);
    if (defined === undefined) {
      throw new ConnectorError('ILLEGAL_STATE', `there is no metric ${name}`);
    }
    const given = Object.keys(labels);
    if (
      given.length !== defined.labels.length ||
      defined.labels.some((label) => !Object.hasOwn(labels, label))
    ) {
      throw new ConnectorError('ILLEGAL_STATE', `the metric ${name} has other labels`, {
        expected: defined.labels.join(', ') || 'none',
        found: given.join(', ') || 'none',
      });
    }
    const key = [name, ...defined.labels.map((label) => labels[label])].join('\0');
    return this.#known(key, name, labels);
  }

  reader(options: ReaderOptions = {}): MetricReader {
    const reader = new NewsReader(options);
    this.#readers.push(reader);
    return reader;
  }

  forget(labels: MetricLabels): void {
    for (const reader of this.#readers) {
      reader.forget(labels);
    }
  }

  #known(key: string, name: string, labels: MetricLabels): StatisticInstrument {
    const known = this.#instruments.get(key)?.deref();
    if (known !== undefined) {
      return known;
    }
    const made = new StatisticInstrument(name, { ...labels }, this.#readers);
    this.#instruments.set(key, new WeakRef(made));
    this.#forgotten.register(made, key);
    return made;
  }
}

/** Keeps one statistic set a reader; a reader hears of a set when the first value comes into it. */
class StatisticInstrument implements Instrument {
  readonly #sets: StatisticSet[] = [];

  constructor(
    readonly name: string,
    readonly labels: MetricLabels,
    private readonly readers: readonly NewsReader[],
  ) {}

  record(value: number): void {
    // CloudWatch refuses a whole request for one such value, and nothing adds up with it.
    if (!Number.isFinite(value)) {
      return;
    }
    for (let i = 0; i < this.readers.length; i++) {
      let set = this.#sets[i];
      if (set === undefined) {
        set = this.readers[i]?.newSet(this.name) ?? new StatisticSet();
        this.#sets[i] = set;
      }
      const isNews = set.count === 0;
      set.add(value);
      if (isNews) {
        this.readers[i]?.hear(this, set);
      }
    }
  }
}

class NewsReader implements MetricReader {
  readonly #options: ReaderOptions;
  #news: { readonly instrument: StatisticInstrument; readonly set: StatisticSet }[] = [];

  constructor(options: ReaderOptions) {
    this.#options = options;
  }

  /** Where values of that metric are kept for this reader. */
  newSet(name: string): StatisticSet {
    const defined = DEFINITIONS.get(name);
    return this.#options.buckets && defined?.kind === 'distribution'
      ? new HistogramSet(defined.buckets ?? CALL_BUCKETS)
      : new StatisticSet();
  }

  forget(labels: MetricLabels): void {
    this.#options.onForgotten?.(labels);
  }

  hear(instrument: StatisticInstrument, set: StatisticSet): void {
    this.#news.push({ instrument, set });
    if (this.#news.length >= FULL) {
      this.#options.onFull?.();
    }
  }

  read(): MetricSample[] {
    const news = this.#news;
    this.#news = [];
    return news.map(({ instrument: { name, labels }, set }) => ({ name, labels, ...set.take() }));
  }
}
