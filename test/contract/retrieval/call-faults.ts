import type { FanOutApi, ShardSubscription, SubscriptionEvent } from '../../../src/aws/fan-out-api';
import type { CallOptions, GetRecordsOptions, KinesisApi } from '../../../src/aws/kinesis-api';
import type { ConnectorError } from '../../../src/errors';
import { abortable } from '../../../src/util/abort';
import type { Clock } from '../../../src/util/clock';

/**
 * What becomes of one call: refused; made, and its answer lost in an error; never answered; made, and answered after
 * so many milliseconds.
 */
export type Fault =
  | { readonly refused: ConnectorError }
  | { readonly lost: ConnectorError }
  | 'silence'
  | { readonly late: number };

/** The calls of one reader, counted, with a fault planted at any of them. */
export class CallFaults {
  /** Calls so far, waits for events among them. */
  readonly calls: string[] = [];
  /** Subscriptions that stand. */
  subscriptions = 0;
  readonly #planted = new Map<number, Fault>();

  /** @param ahead events of a subscription that wait in its connection until somebody asks for them */
  constructor(
    private readonly clock: Clock,
    private readonly ahead: number,
  ) {}

  /** @param at how many calls from now: 0 for the next one */
  plant(fault: Fault, at = 0): void {
    this.#planted.set(this.calls.length + at, fault);
  }

  watched<T extends KinesisApi & FanOutApi>(api: T): T {
    return {
      ...api,
      listShards: (stream, query, options) =>
        this.#call('listShards', options, () => api.listShards(stream, query, options)),
      getShardIterator: (stream, shardId, position, options) =>
        this.#call('getShardIterator', options, () =>
          api.getShardIterator(stream, shardId, position, options),
        ),
      getRecords: (stream, query, options) =>
        this.#call('getRecords', options, () => api.getRecords(stream, query, options)),
      subscribeToShard: async (consumerArn, shardId, position, options) => {
        const subscribe = () => api.subscribeToShard(consumerArn, shardId, position, options);
        return this.#subscription(await this.#call('subscribeToShard', options, subscribe));
      },
    };
  }

  #subscription(subscription: ShardSubscription): ShardSubscription {
    const inner = this.ahead === 0 ? subscription : new Ahead(subscription, this.ahead);
    let isOpen = true;
    this.subscriptions++;
    return {
      serviceTime: inner.serviceTime,
      next: (options) => this.#call('next', options, () => inner.next(options)),
      close: () => {
        this.subscriptions -= isOpen ? 1 : 0;
        isOpen = false;
        inner.close();
      },
    };
  }

  async #call<T>(name: string, options: CallOptions | undefined, make: () => Promise<T>): Promise<T> {
    const fault = this.#planted.get(this.calls.length);
    this.calls.push(name);
    if (fault === undefined) {
      return make();
    }
    if (fault !== 'silence' && 'refused' in fault) {
      throw fault.refused;
    }
    if (fault === 'silence') {
      if (name === 'subscribeToShard') {
        // Kinesis has it, and nobody has the answer.
        await make();
      }
      const never = new Promise<never>(() => undefined);
      return options?.signal === undefined ? never : abortable(never, options.signal);
    }
    const made = await make();
    if ('lost' in fault) {
      throw fault.lost;
    }
    await new Promise<void>((resolve) => this.clock.setTimer(resolve, fault.late));
    return made;
  }
}

/** A connection that holds some events before they are asked for. */
class Ahead implements ShardSubscription {
  readonly serviceTime: number | undefined;
  readonly #closed = new AbortController();
  /** Events, or what ended them, that are there or on their way; each follows the one before. */
  readonly #coming: Promise<SubscriptionEvent | undefined>[] = [];
  #last: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly inner: ShardSubscription,
    ahead: number,
  ) {
    this.serviceTime = inner.serviceTime;
    for (let n = 0; n < ahead; n++) {
      this.#ask();
    }
  }

  async next({ signal, admit }: GetRecordsOptions): Promise<SubscriptionEvent | undefined> {
    this.#ask();
    const coming = this.#coming.shift() ?? Promise.resolve(undefined);
    const event = await (signal === undefined ? coming : abortable(coming, signal));
    if (event !== undefined && admit !== undefined) {
      const admission = admit(event.records.reduce((sum, { data }) => sum + data.byteLength, 0));
      await (signal === undefined ? admission : abortable(admission, signal));
    }
    return event;
  }

  close(): void {
    this.#closed.abort(new Error('the subscription was closed'));
    this.inner.close();
  }

  #ask(): void {
    const { signal } = this.#closed;
    const event = this.#last.then(() => this.inner.next({ signal }));
    event.catch(() => undefined);
    this.#last = event;
    this.#coming.push(event);
  }
}
