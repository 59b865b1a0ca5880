import type { DynamoApi, Item } from '../aws/dynamo-api';
import { ConnectorError, isConnectorError } from '../errors';
import { askInput, withdrawInput } from './handover-writes';
import type { Lease, OwnedLease } from './lease';
import { type OwnerChange, ownerInput, takeInput } from './owner-writes';
import {
  createInput,
  decodeLease,
  deleteFinishedInput,
  factsInput,
  getInput,
  type LeaseFacts,
  type NewLease,
} from './serializer';
import { scanPages } from './table-pages';

/** An owner as the table must show it for its write to count. */
export interface Holder {
  readonly owner: string;
  readonly counter: number;
}

/** Whether the rows of a table are those of one stream, by shard id, or of several, by stream and shard id. */
export type TableLayout = 'ONE_STREAM' | 'SEVERAL_STREAMS';

/**
 * A lease table, its rows named by their keys. One attempt a call; what is done after an error is the caller's
 * business. Errors beyond those of DynamoApi stand at each method.
 */
export class LeaseTable {
  #streamArn: string | undefined;

  constructor(
    readonly name: string,
    private readonly dynamo: DynamoApi,
    readonly layout: TableLayout = 'ONE_STREAM',
  ) {}

  /** Of a table of one stream: from now on rows of any other stream are refused. */
  belongsTo(streamArn: string): void {
    this.#streamArn = streamArn;
  }

  /**
   * Every lease, all pages, consistent. Rows that are no leases are left out.
   * @param onPage told of each page that has come
   * @throws ConnectorError LEASE_TABLE_OTHER_STREAM, LEASE_TABLE_MULTI_STREAM, LEASE_TABLE_SINGLE_STREAM
   */
  async scan(signal: AbortSignal, onPage?: () => void): Promise<Lease[]> {
    const leases: Lease[] = [];
    await scanPages(this.dynamo, { TableName: this.name }, signal, (page) => {
      onPage?.();
      for (const item of page.items) {
        const lease = this.#decode(item);
        if (lease !== undefined) {
          leases.push(lease);
        }
      }
    });
    return leases;
  }

  /** One row, consistent; undefined when it is not there. */
  async get(key: string, signal: AbortSignal): Promise<Lease | undefined> {
    const item = await this.dynamo.getItem(getInput(this.name, key), { signal });
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
  async write(key: string, holder: Holder, change: OwnerChange, signal: AbortSignal): Promise<Lease> {
    const input = ownerInput(this.name, key, holder, change);
    return this.#written(await this.dynamo.updateItem(input, { signal }));
  }

  /**
   * Asks the owner of `seen` for a hand-over to `worker`.
   * @throws ConnectorError LEASE_TABLE_CONDITION when owner, counter or request are no longer as `seen`
   */
  async ask(seen: OwnedLease, worker: string, handoffId: string, signal: AbortSignal): Promise<void> {
    await this.dynamo.updateItem(askInput(this.name, seen, worker, handoffId), { signal });
  }

  /** Takes back what `worker` asked for. @returns false when nothing of it stands any more */
  withdraw(key: string, worker: string, signal: AbortSignal): Promise<boolean> {
    return met(this.dynamo.updateItem(withdrawInput(this.name, key, worker), { signal }));
  }

  /** Adds what a row lacks, see factsInput. @returns false when it is not as it must be for that */
  fill(key: string, facts: LeaseFacts, signal: AbortSignal): Promise<boolean> {
    return met(this.dynamo.updateItem(factsInput(this.name, key, facts), { signal }));
  }

  /** Deletes the row of a shard that was read to its end. @returns false when it is not, or the row is gone. */
  async deleteFinished(key: string, signal: AbortSignal): Promise<boolean> {
    return met(this.dynamo.deleteItem(deleteFinishedInput(this.name, key), { signal }));
  }

  #decode(item: Item): Lease | undefined {
    const lease = decodeLease(item);
    if (lease === undefined) {
      return undefined;
    }
    if (this.layout === 'ONE_STREAM') {
      this.#requireOneStream(lease);
    } else if (lease.stream === undefined) {
      throw new ConnectorError('LEASE_TABLE_SINGLE_STREAM', `lease table ${this.name} serves one stream`, {
        expected: 'rows that name their stream',
        found: `row ${lease.key}${lease.streamArn === undefined ? '' : ` of ${lease.streamArn}`}`,
      });
    }
    return lease;
  }

  #requireOneStream(lease: Lease): void {
    const stream = lease.stream ?? lease.streamArn;
    const found = `${stream} (row ${lease.key})`;
    if (this.#streamArn !== undefined && stream !== undefined && !isSameStream(stream, this.#streamArn)) {
      throw new ConnectorError('LEASE_TABLE_OTHER_STREAM', `lease table ${this.name} serves another stream`, {
        expected: this.#streamArn,
        found,
      });
    }
    if (lease.stream !== undefined) {
      throw new ConnectorError(
        'LEASE_TABLE_MULTI_STREAM',
        `lease table ${this.name} serves several streams`,
        {
          expected: 'rows that name their shard only',
          found,
        },
      );
    }
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

/** @param name an ARN, or account:stream:creation time as a multi-stream KCL application writes it */
function isSameStream(name: string, arn: string): boolean {
  const [account, stream] = name.split(':');
  return name === arn || arn.endsWith(`:${account}:stream/${stream}`);
}

/** Whether the condition of a write was met. */
export async function met(write: Promise<unknown>): Promise<boolean> {
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
