import type { KinesisApi, StreamRef } from '../aws/kinesis-api';
import { ConnectorError } from '../errors';
import type { RetrievalBatch, ShardReader } from '../retrieval/retrieval';
import type { FixedPosition } from '../stream/iterator-position';
import { allowManyListeners, follow, throwIfAborted } from '../util/abort';
import { type Deferred, deferred } from '../util/deferred';
import { WakeUp } from '../util/wake-up';
import { ArrivalMerge, type Room } from './arrival-merge';
import { Descent } from './descent';
import { openLaneReader } from './lane-reader';
import { LaneReads } from './lane-reads';
import type { PatienceOptions } from './patience';
import type { ShardPlace } from './peek-position';
import type { PeekQuery } from './peek-query';
import { findStart, type PeekStart } from './peek-start';
import type { PeekedRecord } from './peeked-record';
import { ShardLane } from './shard-lane';

export type { PeekObserver, PeekQuery } from './peek-query';

/** Why a look has ended; END: all there is was shown. */
export type PeekEnding = 'LIMIT' | 'BYTES' | 'TIME' | 'STOPPED' | 'END';

export interface PeekDependencies extends PatienceOptions {
  readonly kinesis: KinesisApi;
  /** Milliseconds until a call is answered. */
  readonly requestTimeout: number;
}

const MAX_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
/** User records held, of a look without a limit. */
const MOST_HELD = 10_000;
/** Intervals between reads for which records wait for a shard that brings nothing. */
const HOLD_READS = 3;

/** A look into a stream: its records by arrival, once. It ends by itself, or with its signal, with what it has. */
export class Peek implements AsyncIterable<PeekedRecord> {
  readonly #query: PeekQuery;
  readonly #deps: PeekDependencies;
  readonly #stream: StreamRef;
  readonly #signal: AbortSignal;
  /** Ends whatever is under way: the signal, the time, or the reader of the records. */
  readonly #over = new AbortController();
  readonly #merge: ArrivalMerge<ShardLane>;
  readonly #reads: LaneReads;
  readonly #readsPerSecond: number;
  #descent = new Descent(new Map());
  #rung: Deferred<void> = deferred();
  #failure: unknown;
  #shown = { records: 0, bytes: 0 };
  #ending: PeekEnding | undefined;

  constructor(query: PeekQuery, stream: StreamRef, deps: PeekDependencies, signal: AbortSignal) {
    this.#query = query;
    this.#stream = stream;
    this.#deps = deps;
    this.#signal = signal;
    this.#readsPerSecond = query.readsPerSecond ?? 1;
    this.#merge = new ArrivalMerge(HOLD_READS * Math.max(1000, 1000 / this.#readsPerSecond));
    this.#reads = new LaneReads({
      readsPerSecond: this.#readsPerSecond,
      clock: deps.clock,
      signal: this.#over.signal,
      taken: (lane, batch) => this.#take(lane, batch),
      failed: (error) => this.#fail(error),
    });
    allowManyListeners(this.#over.signal);
  }

  /** Undefined until then. */
  get ending(): PeekEnding | undefined {
    return this.#ending;
  }

  /** @throws ConnectorError, once what was read before is shown; see findStart for those of the beginning */
  [Symbol.asyncIterator](): AsyncIterator<PeekedRecord> {
    return this.#records();
  }

  async *#records(): AsyncGenerator<PeekedRecord, void> {
    const { clock } = this.#deps;
    const { follow: follows = false, timeout = follows ? undefined : TIMEOUT_MS } = this.#query;
    const over = this.#over;
    const unfollow = follow(this.#signal, over);
    const timer =
      timeout === undefined
        ? undefined
        : clock.setTimer(() => over.abort(new Error('the time is up')), timeout);
    const alarm = new WakeUp(clock, () => this.#rung.resolve());
    over.signal.addEventListener('abort', () => this.#rung.resolve(), { once: true });
    try {
      yield* this.#look(alarm);
    } catch (error) {
      if (!over.signal.aborted || error !== over.signal.reason) {
        throw error;
      }
      this.#ending = this.#signal.aborted ? 'STOPPED' : 'TIME';
    } finally {
      unfollow();
      alarm.set(Number.POSITIVE_INFINITY);
      if (timer !== undefined) {
        clock.clearTimer(timer);
      }
      over.abort(new ConnectorError('SOURCE_CLOSED', 'the look has ended'));
      for (const lane of this.#merge.lanes) {
        lane.close();
      }
    }
  }

  /** @throws the reason of what has ended it, once everything that is held was shown */
  async *#look(alarm: WakeUp): AsyncGenerator<PeekedRecord, void> {
    const { clock, kinesis } = this.#deps;
    const { shardId, from, limit, observer } = this.#query;
    const merge = this.#merge;
    const { signal } = this.#over;
    const start = await findStart(
      {
        kinesis,
        stream: this.#stream,
        ...(shardId !== undefined && { shardId }),
        from,
        patience: this.#deps,
      },
      signal,
    );
    throwIfAborted(signal);
    this.#descent = new Descent(start.parents);
    for (const [id, place] of start.places) {
      this.#open(id, place, start.floor, start);
    }
    observer?.begun?.(start.places.size);
    for (;;) {
      const isOver = signal.aborted || this.#failure !== undefined;
      // First: what comes next may be in a shard that has just come to its turn.
      const isEmpty = !isOver && this.#dismiss(start);
      const now = clock.monotonic();
      const entry = isOver ? merge.drain(now) : merge.next(now);
      if (entry !== undefined) {
        if (this.#isFull(entry.record)) {
          this.#ending = 'BYTES';
          return;
        }
        yield this.#show(entry.record);
        if (this.#shown.records >= limit) {
          this.#ending = 'LIMIT';
          return;
        }
        continue;
      }
      if (isOver) {
        throw this.#failure ?? signal.reason;
      }
      if (isEmpty) {
        this.#ending = 'END';
        return;
      }
      this.#rung = deferred();
      alarm.set(this.#read());
      await this.#rung.promise;
    }
  }

  #open(shardId: string, place: ShardPlace, floor: number, { closed }: PeekStart): void {
    const { from, follow: follows = false } = this.#query;
    this.#descent.opened(shardId);
    this.#merge.add(
      new ShardLane({
        shardId,
        place,
        floor,
        waits: follows || from.type === 'LATEST' || closed.has(shardId),
        open: (start) => this.#reader(shardId, start),
      }),
    );
  }

  #reader(shardId: string, start: FixedPosition): ShardReader {
    const { limit, observer } = this.#query;
    const options = {
      ...this.#deps,
      stream: this.#stream,
      maxRecordsPerRead: Math.min(limit, MOST_HELD),
      maxReadsPerSecond: this.#readsPerSecond,
      observer,
      failed: (error: unknown) => this.#fail(error),
    };
    return openLaneReader(options, shardId, start);
  }

  /** @returns monotonic instant at which to look again, unless something comes before */
  #read(): number {
    const merge = this.#merge;
    return Math.min(this.#reads.start(merge.wanted()), merge.releaseAfter(this.#deps.clock.monotonic()));
  }

  #take(lane: ShardLane, batch: RetrievalBatch): void {
    const { clock } = this.#deps;
    const room = this.#room;
    const times = { at: clock.monotonic(), serviceTime: batch.serviceTime ?? clock.now() };
    lane.take(batch, times, room.records);
    this.#merge.trim(room);
    this.#rung.resolve();
  }

  #fail(error: unknown): void {
    this.#failure ??= error;
    this.#rung.resolve();
  }

  /** Goes on with the children of shards that have come to their end. @returns whether nothing is left */
  #dismiss(start: PeekStart): boolean {
    const merge = this.#merge;
    const ended = merge.dismiss();
    for (const gone of ended) {
      gone.close();
      if (this.#query.shardId === undefined) {
        this.#descent.ended(gone.children, gone.reached);
      }
    }
    if (ended.length > 0) {
      const reading = new Set(merge.lanes.map((lane) => lane.shardId));
      for (const { shardId, floor } of this.#descent.ready(reading)) {
        this.#open(shardId, { start: start.childStart }, floor, start);
      }
    }
    return merge.lanes.length === 0;
  }

  /** What may still be held. */
  get #room(): Room {
    const { limit, maxBytes = MAX_BYTES, follow: follows = false } = this.#query;
    return {
      records: Math.min(limit - this.#shown.records, MOST_HELD),
      bytes: follows ? maxBytes : maxBytes - this.#shown.bytes,
    };
  }

  #isFull({ data }: PeekedRecord): boolean {
    return this.#shown.records > 0 && data.byteLength > this.#room.bytes;
  }

  #show(record: PeekedRecord): PeekedRecord {
    this.#shown.records++;
    this.#shown.bytes += record.data.byteLength;
    return record;
  }
}
