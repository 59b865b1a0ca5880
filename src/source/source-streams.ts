import type { StreamDescription } from '../aws/kinesis-api';
import { type ListedStream, listAllStreams } from '../aws/list-streams';
import { mayHeal, type RetryPolicy, retrying } from '../aws/retry';
import { isPattern, type StreamName, type StreamPattern, type StreamSelection } from '../config';
import { explain, isConnectorError } from '../errors';
import { matchesPattern } from '../stream/name-pattern';
import { throwIfAborted } from '../util/abort';
import { sleep } from '../util/clock';
import { Gate } from '../util/gate';
import type { Logger } from '../util/logger';
import { FoundStream } from './found-stream';
import { isReadable, SourceStream, type StreamClients } from './source-stream';
import type { StreamPlace } from './stream-place';

/** DescribeStreamSummary calls at once; AWS allows 20 a second. */
const LOOKS_AT_ONCE = 5;

/** Label for what concerns all streams of a source together. */
const ALL_STREAMS = '*';

export interface SourceStreamsOptions {
  readonly selection: StreamSelection;
  /** Milliseconds between two looks for streams that patterns match. */
  readonly interval: number;
  readonly clientsOf: (place: StreamPlace) => StreamClients;
  readonly retry: RetryPolicy;
  readonly logger: Logger;
}

/** What becomes of the streams that come while the source reads. */
export interface StreamJoining {
  /** Reads one more stream. @throws what cannot heal of it */
  join(stream: SourceStream): Promise<void>;
  /** Whether shards of the stream are being read. */
  isRead(stream: SourceStream): boolean;
}

/** The streams of a source: those that are named, and those that patterns find, which come and go. */
export class SourceStreams {
  readonly #options: SourceStreamsOptions;
  readonly #names: readonly StreamName[];
  readonly #patterns: readonly StreamPattern[];
  readonly #named: readonly SourceStream[];
  readonly #gate = new Gate(LOOKS_AT_ONCE);
  /** Those that are read, the newest of each name; some have vanished. */
  readonly #found = new Map<string, FoundStream>();

  constructor(options: SourceStreamsOptions) {
    const { selection } = options;
    const selectors = selection.several ? selection.selectors : [selection.stream];
    this.#options = options;
    this.#patterns = selectors.filter(isPattern);
    this.#names = selectors.filter((selector): selector is StreamName => !isPattern(selector));
    this.#named = this.#names.map((name) => this.#namedStream(name));
  }

  /** Label of the stream; of several, what stands for all of them. */
  get label(): string {
    const [first] = this.#named;
    return this.#options.selection.several ? ALL_STREAMS : (first?.label ?? ALL_STREAMS);
  }

  /** Those that are there. */
  get present(): readonly SourceStream[] {
    return [...this.#named, ...this.#found.values()].filter((stream) => !stream.isGone());
  }

  /** The streams to begin with. @throws what cannot heal */
  async begin(signal: AbortSignal): Promise<readonly SourceStream[]> {
    if (this.#patterns.length > 0) {
      const listed = await retrying(this.#options.retry, signal, () => this.#list(signal));
      for (const stream of await this.#look([...listed.values()], signal)) {
        this.#found.set(stream.ref.name, stream);
      }
      if (this.#named.length + this.#found.size === 0) {
        const { interval, logger } = this.#options;
        logger.info(
          { patterns: this.#words(), interval },
          'no stream matches yet; the source goes on looking',
        );
      }
    }
    return this.present;
  }

  /** Looks for streams that have come or gone until `signal` is aborted. @throws what cannot heal */
  async run(joining: StreamJoining, signal: AbortSignal): Promise<void> {
    const { interval, retry, logger } = this.#options;
    while (this.#patterns.length > 0 && !signal.aborted) {
      // Workers that start together do not look together.
      const wait = interval * (0.9 + retry.random.next() / 5);
      await sleep(retry.clock, wait, signal).catch(() => undefined);
      try {
        throwIfAborted(signal);
        await this.#round(joining, signal);
      } catch (error) {
        if (signal.aborted) {
          return;
        }
        if (!mayHeal(error)) {
          throw error;
        }
        logger.warn({ error: explain(error) }, 'looking for streams failed; it is tried again');
      }
    }
  }

  async #round({ join, isRead }: StreamJoining, signal: AbortSignal): Promise<void> {
    const listed = await this.#list(signal);
    for (const stream of this.#found.values()) {
      if (!isSame(stream, listed.get(stream.ref.name))) {
        await stream.isThere(signal);
      }
    }
    // What was read of a stream that has gone is delivered before another one of its name is read.
    const come = [...listed.values()].filter(({ name }) => {
      const before = this.#found.get(name);
      return before === undefined || (before.isGone() && !isRead(before));
    });
    for (const stream of await this.#look(come, signal)) {
      try {
        await join(stream);
        this.#found.set(stream.ref.name, stream);
        stream.logger.info({ arn: stream.ref.arn }, 'a stream has come and is read from now on');
      } catch (error) {
        if (await stream.isThere(signal)) {
          throw error;
        }
      }
    }
  }

  /** The streams that patterns match, by name. One attempt. */
  async #list(signal: AbortSignal): Promise<ReadonlyMap<string, ListedStream>> {
    const { kinesis } = this.#options.clientsOf({});
    const listed = await listAllStreams(kinesis, signal);
    const named = new Set(this.#names.filter(({ arn }) => arn === undefined).map(({ name }) => name));
    const matching = listed.filter(({ name }) => !named.has(name) && this.#matches(name));
    return new Map(matching.map((stream) => [stream.name, stream]));
  }

  /** Looks at each of `listed`; those that cannot be read yet, or are named by their ARN, are left out. */
  async #look(listed: readonly ListedStream[], signal: AbortSignal): Promise<readonly FoundStream[]> {
    const clients = this.#options.clientsOf({});
    const arns = new Set(this.#names.map(({ arn }) => arn));
    const looks = listed.map(({ name }) => this.#gate.run(() => this.#describe(clients, name, signal)));
    return (await Promise.all(looks))
      .filter((description) => description !== undefined)
      .filter((description) => isReadable(description) && !arns.has(description.arn))
      .map((description) => this.#foundStream(clients, description));
  }

  /** @returns undefined when the stream has gone meanwhile */
  async #describe(
    { kinesis }: StreamClients,
    name: string,
    signal: AbortSignal,
  ): Promise<StreamDescription | undefined> {
    try {
      return await retrying(this.#options.retry, signal, () => kinesis.describeStream({ name }, { signal }));
    } catch (error) {
      if (isConnectorError(error, 'KINESIS_STREAM_NOT_FOUND')) {
        return undefined;
      }
      throw error;
    }
  }

  #foundStream(clients: StreamClients, description: StreamDescription): FoundStream {
    const { logger } = this.#options;
    return new FoundStream({ label: description.name, clients, several: true, logger }, description);
  }

  #namedStream({ name, arn, region, account }: StreamName): SourceStream {
    const { clientsOf, selection, logger } = this.#options;
    const isShared = this.#names.filter((other) => other.name === name).length > 1 || this.#matches(name);
    return new SourceStream({
      ref: { name, ...(arn === undefined ? {} : { arn }) },
      label: arn !== undefined && isShared ? `${account}:${region}:${name}` : name,
      clients: clientsOf({
        ...(region === undefined ? {} : { region }),
        ...(account === undefined ? {} : { account }),
      }),
      several: selection.several,
      logger,
    });
  }

  #matches(name: string): boolean {
    return this.#patterns.some(({ pattern }) => matchesPattern(pattern, name));
  }

  #words(): string {
    return this.#patterns.map(({ pattern }) => pattern).join(', ');
  }
}

/** Whether a listing shows the stream as it was found; it may tell the time of creation to the second only. */
function isSame({ createdAt }: FoundStream, listed: ListedStream | undefined): boolean {
  return listed !== undefined && Math.abs((listed.createdAt ?? createdAt) - createdAt) < 1000;
}
