import type { UpdateItemCommandInput } from '@aws-sdk/client-dynamodb';
import type { DynamoApi, Item } from '../../../src/aws/dynamo-api';
import type { ServiceModel } from '../../../src/emulator/service-model';
import { ConnectorError } from '../../../src/errors';
import type { SimulatedProcess } from '../simulated-process';
import type { Attempt } from './claim';
import type { Fate } from './crash-points';
import type { LeaseAudit } from './lease-audit';
import { factsOf, type LeaseRow, rowOf, type WriteKind } from './lease-row';
import { OTHER, type OtherChange } from './other-worker';

export interface FleetTableParts {
  readonly tableName: string;
  readonly model: ServiceModel;
  readonly dynamo: DynamoApi;
  readonly audit: LeaseAudit;
  /** Asked at every write of a lease row. */
  fate(kind: WriteKind): Fate | undefined;
  /** Does to the process what `fate` says. */
  strike(process: SimulatedProcess, fate: Fate, shardId: string): void;
  /** Lets a write take effect later. */
  later(apply: () => Promise<unknown>): void;
}

/** The lease table as the workers of a fleet reach it: every write of each is known before and behind its effect. */
export class FleetTable {
  readonly #parts: FleetTableParts;
  readonly #attempts = new WeakMap<object, Attempt>();

  constructor(parts: FleetTableParts) {
    this.#parts = parts;
  }

  /** What `worker` calls. */
  as(worker: string, process: SimulatedProcess): DynamoApi & { close(): void } {
    const { audit } = this.#parts;
    const reached = process.dynamo(this.#service(worker, process));
    return {
      ...reached,
      updateItem: async (input, options) => {
        const facts = factsOf(input);
        const shardId = input.Key?.leaseKey?.S ?? '';
        const attempt = audit.claims.attempt(worker, shardId, facts);
        this.#attempts.set(input, attempt);
        const over = once(() => audit.claims.over(attempt));
        options?.signal?.addEventListener('abort', over, { once: true });
        const item = await reached.updateItem(input, options).finally(over);
        this.#hears(worker, shardId, item, 'write', options?.signal);
        return item;
      },
      getItem: async (input, options) => {
        const item = await reached.getItem(input, options);
        this.#hears(worker, input.Key?.leaseKey?.S ?? '', item, 'read', options?.signal);
        return item;
      },
    };
  }

  /** The row now. */
  row(shardId: string): LeaseRow | undefined {
    const { tableName, model } = this.#parts;
    const { Item: item } = model.invoke('GetItem', {
      TableName: tableName,
      Key: { leaseKey: { S: shardId } },
    }) as { Item?: Item };
    return item === undefined ? undefined : rowOf(item);
  }

  /** An answer comes to `worker`, which has given up waiting for it when `signal` is aborted. */
  #hears(
    worker: string,
    shardId: string,
    item: Item | undefined,
    by: 'read' | 'write',
    signal: AbortSignal | undefined,
  ): void {
    if (signal?.aborted !== true) {
      this.#parts.audit.claims.told(worker, shardId, item === undefined ? undefined : rowOf(item), by);
    }
  }

  /** Creates table and row, as another program would have done. */
  async put(item: Item): Promise<void> {
    const { tableName, dynamo, audit } = this.#parts;
    await dynamo.createTable({
      TableName: tableName,
      AttributeDefinitions: [{ AttributeName: 'leaseKey', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
      BillingMode: 'PAY_PER_REQUEST',
    });
    await dynamo.putItem({ TableName: tableName, Item: item });
    audit.created(rowOf(item), 'java');
  }

  /** Writes to a row as a program does that knows nothing of ours: what it does not name stays. */
  overwrite(shardId: string, { owner, checkpoint }: OtherChange): void {
    const { tableName, model, audit } = this.#parts;
    const sets = ['leaseCounter = leaseCounter + :one'];
    const values: { [name: string]: object } = { ':one': { N: '1' } };
    if (owner !== undefined) {
      sets.push('leaseOwner = :owner');
      values[':owner'] = { S: owner };
    }
    if (checkpoint !== undefined) {
      sets.push('checkpoint = :sequence', 'checkpointSubSequenceNumber = :sub');
      values[':sequence'] = { S: checkpoint.sequenceNumber };
      values[':sub'] = { N: String(checkpoint.subSequenceNumber) };
    }
    model.invoke('UpdateItem', {
      TableName: tableName,
      Key: { leaseKey: { S: shardId } },
      UpdateExpression: `SET ${sets.join()}${owner === undefined ? ' REMOVE leaseOwner' : ''}`,
      ExpressionAttributeValues: values,
    });
    audit.moves(this.row(shardId) as LeaseRow, OTHER);
  }

  /** What happens when a request of `worker` arrives. */
  #service(worker: string, process: SimulatedProcess): DynamoApi {
    const { dynamo, audit } = this.#parts;
    return {
      ...dynamo,
      putItem: (input) =>
        this.#meet(process, 'create', input.Item?.leaseKey?.S ?? '', async () => {
          await dynamo.putItem(input);
          audit.created(rowOf(input.Item ?? {}), worker);
        }),
      updateItem: (input) =>
        this.#meet(process, factsOf(input).kind, input.Key?.leaseKey?.S ?? '', () => this.#update(input)),
      deleteItem: (input) =>
        this.#meet(process, 'delete', input.Key?.leaseKey?.S ?? '', async () => {
          const before = this.row(input.Key?.leaseKey?.S ?? '');
          await dynamo.deleteItem(input);
          if (before !== undefined) {
            audit.deleted(before, worker);
          }
        }),
    };
  }

  async #update(input: UpdateItemCommandInput): Promise<Item> {
    const { dynamo, audit } = this.#parts;
    const before = this.row(input.Key?.leaseKey?.S ?? '');
    const item = await dynamo.updateItem(input);
    const attempt = this.#attempts.get(input);
    if (before !== undefined && attempt !== undefined) {
      audit.updated(before, rowOf(item), attempt);
    }
    return item;
  }

  async #meet<T>(
    process: SimulatedProcess,
    kind: WriteKind,
    shardId: string,
    apply: () => Promise<T>,
  ): Promise<T> {
    const { fate: fateOf, strike, later } = this.#parts;
    const fate = fateOf(kind);
    switch (fate) {
      case undefined:
        return apply();
      case 'killed before it':
      case 'lost':
        strike(process, fate, shardId);
        throw new ConnectorError('AWS_TIMEOUT', 'no answer');
      case 'late':
      case 'late, its asker killed':
        strike(process, fate, shardId);
        later(apply);
        throw new ConnectorError('AWS_TIMEOUT', 'no answer');
      case 'paused before it':
        strike(process, fate, shardId);
        return apply();
      default:
        try {
          await apply();
        } finally {
          strike(process, fate, shardId);
        }
        throw new ConnectorError('AWS_TIMEOUT', 'no answer');
    }
  }
}

function once(work: () => void): () => void {
  let done = false;
  return () => {
    if (!done) {
      done = true;
      work();
    }
  };
}
