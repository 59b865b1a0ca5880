import { createHash } from 'node:crypto';
import type { ServiceClock } from '../service-model';
import { resourceInUse, tableNotFound } from './failure';
import { Table } from './table';
import type { TableDefinition } from './table-definition';

export interface DynamoDbOptions {
  /** Milliseconds from CreateTable until a table is ACTIVE. Default 0. */
  readonly createTableMs?: number;
  /** Milliseconds from UpdateTable until a new index is ACTIVE. Default 0. */
  readonly createIndexMs?: number;
  /** Default us-east-1. */
  readonly region?: string;
  /** Default 000000000000. */
  readonly accountId?: string;
}

/** The tables of one account in one region. */
export class Account {
  readonly #clock: ServiceClock;
  readonly #options: DynamoDbOptions;
  readonly #tables = new Map<string, Table>();
  #created = 0;

  constructor(clock: ServiceClock, options: DynamoDbOptions) {
    this.#clock = clock;
    this.#options = options;
  }

  /** Milliseconds since the epoch. */
  now(): number {
    return this.#clock.now();
  }

  /** When an index whose creation starts now can be read. */
  indexReadyAt(): number {
    return this.now() + (this.#options.createIndexMs ?? 0);
  }

  arn(tableName: string): string {
    const { region = 'us-east-1', accountId = '000000000000' } = this.#options;
    return `arn:aws:dynamodb:${region}:${accountId}:table/${tableName}`;
  }

  /** In the order of ListTables. */
  names(): string[] {
    return [...this.#tables.keys()].sort();
  }

  create(definition: TableDefinition, tags: ReadonlyMap<string, string>): Table {
    const { name } = definition;
    if (this.#tables.has(name)) {
      throw resourceInUse(`Table already exists: ${name}`);
    }
    const createdAt = this.now();
    const readyAt = createdAt + (this.#options.createTableMs ?? 0);
    const table = new Table(this.#nextId(), definition, tags, createdAt, readyAt);
    this.#tables.set(name, table);
    return table;
  }

  /** A table in any state, for operations on tables. */
  table(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined) {
      throw tableNotFound(name);
    }
    return table;
  }

  /** A table that can be read and written, for operations on items. */
  active(name: string): Table {
    const table = this.#tables.get(name);
    if (table === undefined || this.now() < table.readyAt) {
      throw tableNotFound();
    }
    return table;
  }

  delete(name: string): Table {
    const table = this.table(name);
    if (this.now() < table.readyAt) {
      throw resourceInUse(
        `Attempt to change a resource which is still in use: Table is being created: ${name}`,
      );
    }
    this.#tables.delete(name);
    return table;
  }

  /** A UUID, different for every table made here and the same in every run. */
  #nextId(): string {
    this.#created++;
    const hex = createHash('md5').update(`table ${this.#created}`).digest('hex');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}
