import type { DynamoApi } from '../../src/aws/dynamo-api';
import { ConnectorError } from '../../src/errors';
import { type Deferred, deferred } from '../../src/util/deferred';

/**
 * What becomes of one write:
 * - `lost`: it is never applied, and no answer comes.
 * - `unanswered`: it is applied, the answer is lost.
 * - `late`: the caller is told of a time-out; it is applied when the test says `arrive`.
 * - `hanging`: not applied, and nothing at all comes back.
 * - `refused by the service`: an error that cannot heal.
 */
export type Fate = 'lost' | 'unanswered' | 'late' | 'hanging' | 'refused by the service';

const timeout = (): ConnectorError => new ConnectorError('AWS_TIMEOUT', 'no answer');

/** A DynamoDB of which the test decides, write by write, what gets through; without orders everything does. */
export class LossyDynamo implements DynamoApi {
  readonly #fates: (Fate | undefined)[] = [];
  readonly #late: Deferred<void>[] = [];
  /** How many of the next reads of one row get no answer. */
  lostReads = 0;
  /** How many of the next scans get no answer. */
  lostScans = 0;
  writes = 0;

  constructor(private readonly inner: DynamoApi) {}

  /** Fates of the next writes to come, in order; undefined lets one through. */
  next(...fates: (Fate | undefined)[]): void {
    this.#fates.push(...fates);
  }

  /** Forgets the orders: from now on everything gets through. */
  heal(): void {
    this.#fates.length = 0;
    this.lostReads = 0;
  }

  /** Lets every write that is late take effect now, or fail its condition. */
  async arrive(): Promise<void> {
    for (const write of this.#late.splice(0)) {
      write.resolve();
    }
    await new Promise((resolve) => setImmediate(resolve));
  }

  createTable: DynamoApi['createTable'] = (...args) => this.inner.createTable(...args);
  describeTable: DynamoApi['describeTable'] = (...args) => this.inner.describeTable(...args);
  updateContinuousBackups: DynamoApi['updateContinuousBackups'] = (...args) =>
    this.inner.updateContinuousBackups(...args);
  hasPointInTimeRecovery: DynamoApi['hasPointInTimeRecovery'] = (...args) =>
    this.inner.hasPointInTimeRecovery(...args);
  listTags: DynamoApi['listTags'] = (...args) => this.inner.listTags(...args);
  putItem: DynamoApi['putItem'] = (...args) => this.#write(() => this.inner.putItem(...args));
  updateItem: DynamoApi['updateItem'] = (...args) => this.#write(() => this.inner.updateItem(...args));
  deleteItem: DynamoApi['deleteItem'] = (...args) => this.#write(() => this.inner.deleteItem(...args));

  scan: DynamoApi['scan'] = async (...args) => {
    if (this.lostScans > 0) {
      this.lostScans--;
      throw timeout();
    }
    return this.inner.scan(...args);
  };

  getItem: DynamoApi['getItem'] = async (...args) => {
    if (this.lostReads > 0) {
      this.lostReads--;
      throw timeout();
    }
    return this.inner.getItem(...args);
  };

  async #write<T>(apply: () => Promise<T>): Promise<T> {
    this.writes++;
    switch (this.#fates.shift()) {
      case undefined:
        return apply();
      case 'lost':
        throw timeout();
      case 'unanswered':
        await apply();
        throw timeout();
      case 'late': {
        const arrival = deferred<void>();
        this.#late.push(arrival);
        arrival.promise.then(apply).catch(() => undefined);
        throw timeout();
      }
      case 'hanging':
        return new Promise<never>(() => undefined);
      case 'refused by the service':
        throw new ConnectorError('AWS_ACCESS_DENIED', 'not allowed');
    }
  }
}
