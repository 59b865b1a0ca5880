import type { DynamoApi } from '../aws/dynamo-api';
import { type RetryPolicy, retrying } from '../aws/retry';
import { ConnectorError, explain } from '../errors';
import type { Lease } from '../lease/lease';
import { met } from '../lease/lease-table';
import { decodeLease, getInput } from '../lease/serializer';
import { scanPages } from '../lease/table-pages';
import { throwIfAborted } from '../util/abort';
import { keyOfChange, type OffsetsChange } from './offsets-plan';
import { sameOffsets } from './offsets-row';
import { moveInput, putInput, removeInput } from './offsets-writes';

/** Times that a row whose owner goes on writing is read again before it is given up. */
const FENCE_TRIES = 20;

export interface TableOffsetsOptions {
  readonly dynamo: Pick<DynamoApi, 'scan' | 'getItem' | 'putItem' | 'updateItem' | 'deleteItem'>;
  readonly tableName: string;
  readonly retry: RetryPolicy;
}

/** What a change was and what has become of it. */
export interface ChangeOptions {
  /** Whether a row is changed though its owner has written meanwhile. */
  readonly fence: boolean;
  /** ARN of the stream that a row belongs to. */
  streamArnOf(change: OffsetsChange): string;
  /** Told how many changes are done. */
  onDone?(done: number): void;
}

/** The rows of one lease table, of whatever layout. */
export class TableOffsets {
  readonly #options: TableOffsetsOptions;

  constructor(options: TableOffsetsOptions) {
    this.#options = options;
  }

  /**
   * Every lease, all pages, consistent; what else a KCL keeps in the table is left out.
   * @throws ConnectorError LEASE_TABLE_NOT_FOUND, and what cannot heal
   */
  scan(signal: AbortSignal): Promise<Lease[]> {
    const { dynamo, tableName, retry } = this.#options;
    return retrying(retry, signal, async () => {
      const leases: Lease[] = [];
      await scanPages(dynamo, { TableName: tableName }, signal, ({ items }) => {
        leases.push(...items.flatMap((item) => decodeLease(item) ?? []));
      });
      return leases;
    });
  }

  /**
   * Carries `changes` out, one after the other, in their order.
   * @throws ConnectorError OFFSETS_LEASE_LIVE, when the first one is refused; OFFSETS_INCOMPLETE when some are done
   */
  async apply(changes: readonly OffsetsChange[], options: ChangeOptions, signal: AbortSignal): Promise<void> {
    let done = 0;
    for (const change of changes) {
      try {
        throwIfAborted(signal);
        await this.#change(change, options, signal);
      } catch (error) {
        if (done === 0) {
          throw error;
        }
        throw new ConnectorError(
          'OFFSETS_INCOMPLETE',
          `only a part of ${this.#options.tableName} is changed`,
          {
            expected: `${changes.length} rows`,
            found: `${done}, up to ${keyOfChange(change)}: ${explain(error)}`,
            cause: error,
          },
        );
      }
      done++;
      options.onDone?.(done);
    }
  }

  async #change(change: OffsetsChange, options: ChangeOptions, signal: AbortSignal): Promise<void> {
    let { seen } = change;
    for (let tries = 1; ; tries++) {
      if (await this.#write({ ...change, seen } as OffsetsChange, options, signal)) {
        return;
      }
      // The row is another one now; or the write was applied, and its answer lost.
      const row = await this.#get(keyOfChange(change), signal);
      if (isDone(change, row)) {
        return;
      }
      const isLive = row?.owner !== undefined || row === undefined || seen === undefined;
      if ((!options.fence && isLive) || tries >= FENCE_TRIES) {
        throw new ConnectorError('OFFSETS_LEASE_LIVE', `${keyOfChange(change)} has been changed meanwhile`, {
          expected: seen === undefined ? 'no row' : `counter ${seen.counter}`,
          found: row === undefined ? 'no row' : `counter ${row.counter}, owner ${row.owner ?? 'none'}`,
        });
      }
      seen = row;
    }
  }

  /** @returns false when the row is not as it was seen */
  #write(change: OffsetsChange, options: ChangeOptions, signal: AbortSignal): Promise<boolean> {
    const { dynamo, tableName, retry } = this.#options;
    const write = (): Promise<unknown> => {
      if (change.kind === 'delete') {
        return dynamo.deleteItem(removeInput(tableName, change.seen), { signal });
      }
      return change.seen === undefined
        ? dynamo.putItem(putInput(tableName, change.row, options.streamArnOf(change)), { signal })
        : dynamo.updateItem(moveInput(tableName, change.seen, change.row), { signal });
    };
    return retrying(retry, signal, () => met(write()));
  }

  async #get(key: string, signal: AbortSignal): Promise<Lease | undefined> {
    const { dynamo, tableName, retry } = this.#options;
    const item = await retrying(retry, signal, () => dynamo.getItem(getInput(tableName, key), { signal }));
    return item === undefined ? undefined : decodeLease(item);
  }
}

function isDone(change: OffsetsChange, row: Lease | undefined): boolean {
  if (change.kind === 'delete') {
    return row === undefined;
  }
  return row !== undefined && row.owner === undefined && sameOffsets(change.row, row);
}
