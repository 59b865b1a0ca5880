import type { DynamoApi, Item } from '../aws/dynamo-api';
import { ConnectorError, isConnectorError } from '../errors';
import { throwIfAborted } from '../util/abort';
import type { Lease } from './lease';
import {
  createInput,
  decodeLease,
  deleteFinishedInput,
  getInput,
  multiStreamName,
  type NewLease,
  type OwnerChange,
  ownerInput,
  scanInput,
  takeInput,
} from './serializer';

/** An owner as the table must show it for its write to count. */
export interface Holder {
  readonly owner: string;
  readonly counter: number;
}

/**
 * The lease table of one stream. One attempt a call; what is done after an error is the caller's business.
 * Errors beyond those of DynamoApi stand at each method.
 */
export class LeaseTable {
  #streamArn: string | undefined;

  constructor(
    readonly name: string,
    private readonly dynamo: DynamoApi,
  ) {}

  /** From now on rows of any other stream are refused. */
  belongsTo(streamArn: string): void {
    this.#streamArn = streamArn;
  }

  /**
   * Every lease, all pages, consistent. Rows that are no leases are left out.
   * @throws ConnectorError LEASE_TABLE_OTHER_STREAM
   */
  async scan(signal: AbortSignal): Promise<Lease[]> {
    const leases: Lease[] = [];
    let startKey: Item | undefined;
    do {
      const page = await this.dynamo.scan(scanInput(this.name, startKey), { signal });
      throwIfAborted(signal);
      for (const item of page.items) {
        const lease = this.#decode(item);
        if (lease !== undefined) {
          leases.push(lease);
        }
      }
      startKey = page.lastKey;
    } while (startKey !== undefined);
    return leases;
  }

  /** One row, consistent; undefined when it is not there. */
  async get(shardId: string, signal: AbortSignal): Promise<Lease | undefined> {
    const item = await this.dynamo.getItem(getInput(this.name, shardId), { signal });
    return item === undefined ? undefined : this.#decode(item);
  }

  /** @returns the new row, or undefined when there was one already; it is left as it is. */
  async create(lease: NewLease, signal: AbortSignal): Promise<Lease | undefined> {
    const input = createInput(this.name, lease);
    return (await met(this.dynamo.putItem(input, { signal }))) ? decodeLease(input.Item ?? {}) : undefined;
  }

  /**
   * Makes `worker` the owner.
   * @param startAt see takeInput
   * @throws ConnectorError LEASE_TABLE_CONDITION when the row is no longer as `seen`
   */
  async take(seen: Lease, worker: string, startAt: number | undefined, signal: AbortSignal): Promise<Lease> {
    return this.#written(
      await this.dynamo.updateItem(takeInput(this.name, seen, worker, startAt), { signal }),
    );
  }

  /** A write of the owner. @throws ConnectorError LEASE_TABLE_CONDITION when the row no longer shows `holder` */
  async write(shardId: string, holder: Holder, change: OwnerChange, signal: AbortSignal): Promise<Lease> {
    const input = ownerInput(this.name, shardId, holder, change);
    return this.#written(await this.dynamo.updateItem(input, { signal }));
  }

  /** Deletes the row of a shard that was read to its end. @returns false when it is not, or the row is gone. */
  async deleteFinished(shardId: string, signal: AbortSignal): Promise<boolean> {
    return met(this.dynamo.deleteItem(deleteFinishedInput(this.name, shardId), { signal }));
  }

  #decode(item: Item): Lease | undefined {
    const lease = decodeLease(item);
    if (lease === undefined) {
      return undefined;
    }
    const other = multiStreamName(item) ?? lease.streamArn;
    if (this.#streamArn !== undefined && other !== undefined && other !== this.#streamArn) {
      throw new ConnectorError('LEASE_TABLE_OTHER_STREAM', `lease table ${this.name} serves another stream`, {
        expected: this.#streamArn,
        found: `${other} (row ${lease.shardId})`,
      });
    }
    return lease;
  }

  #written(item: Item): Lease {
    const lease = this.#decode(item);
    if (lease === undefined) {
      throw new ConnectorError('LEASE_TABLE_WRONG_SHAPE', `a write to ${this.name} answered no lease row`, {
        hint: 'The endpoint must answer ReturnValues ALL_NEW.',
      });
    }
    return lease;
  }
}

/** Whether the condition of a write was met. */
async function met(write: Promise<void>): Promise<boolean> {
  try {
    await write;
    return true;
  } catch (error) {
    if (isConnectorError(error, 'LEASE_TABLE_CONDITION')) {
      return false;
    }
    throw error;
  }
}
