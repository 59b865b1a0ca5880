import { createHash } from 'node:crypto';
import { type ServiceClock, ServiceError } from '../service-model';
import { resourceInUse, tableNotFound, validation } from './failure';
import { Table } from './table';
import type { TableDefinition } from './table-definition';

export interface DynamoDbOptions {
  /** Milliseconds from CreateTable until a table is ACTIVE. Default 0. */
  readonly createTableMs?: number;
  /** Milliseconds from DeleteTable until a table is gone. Default 0. */
  readonly deleteTableMs?: number;
  /** Milliseconds from UpdateTable until a new index is ACTIVE. Default 0. */
  readonly createIndexMs?: number;
  /** Milliseconds from a table's being ACTIVE until its point-in-time recovery can be switched on. Default 0. */
  readonly createBackupsMs?: number;
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
    return [...this.#tables.keys()].filter((name) => this.#find(name) !== undefined).sort();
  }

  create(definition: TableDefinition, tags: ReadonlyMap<string, string>): Table {
    const { name } = definition;
    const present = this.#find(name);
    if (present !== undefined) {
      throw resourceInUse(
        present.goneAt === undefined
          ? `Table already exists: ${name}`
          : inUse('Table is being deleted', name),
      );
    }
    const createdAt = this.now();
    const readyAt = createdAt + (this.#options.createTableMs ?? 0);
    const table = new Table(this.#nextId(), definition, tags, createdAt, readyAt);
    this.#tables.set(name, table);
    return table;
  }

  /** A table in any state, for operations on tables. */
  table(name: string): Table {
    const table = this.#find(name);
    if (table === undefined) {
      throw tableNotFound(name);
    }
    return table;
  }

  /** The table of an ARN, for operations on tags. */
  tableOf(arn: string): Table {
    const name = this.names().find((candidate) => this.arn(candidate) === arn);
    if (name === undefined) {
      throw new ServiceError(
        'ResourceNotFoundException',
        `Requested resource not found: ResourcArn: ${arn} not found`,
      );
    }
    return this.table(name);
  }

  /** A table whose point-in-time recovery can be looked at and switched. */
  backedUp(name: string): Table {
    const table = this.#find(name);
    if (table === undefined) {
      throw new ServiceError('TableNotFoundException', `Table not found: ${name}`);
    }
    if (this.now() < table.readyAt + (this.#options.createBackupsMs ?? 0)) {
      throw new ServiceError(
        'ContinuousBackupsUnavailableException',
        `Backups are being enabled for the table: ${name}. Please retry later`,
      );
    }
    return table;
  }

  /** A table that can be read and written, for operations on items. */
  active(name: string): Table {
    const table = this.#find(name);
    if (table === undefined || table.goneAt !== undefined || this.now() < table.readyAt) {
      throw tableNotFound();
    }
    return table;
  }

  /** A table that can be changed: neither being created nor being deleted. */
  settled(name: string): Table {
    const table = this.table(name);
    if (table.goneAt !== undefined) {
      throw resourceInUse(inUse('Table is being deleted', name));
    }
    if (this.now() < table.readyAt) {
      throw resourceInUse(inUse('Table is being created', name));
    }
    return table;
  }

  delete(name: string): Table {
    const table = this.settled(name);
    if (table.definition.deletionProtection) {
      throw validation(
        'Resource cannot be deleted as it is currently protected against deletion. Disable deletion protection first.',
      );
    }
    table.goneAt = this.now() + (this.#options.deleteTableMs ?? 0);
    return table;
  }

  #find(name: string): Table | undefined {
    const table = this.#tables.get(name);
    if (table?.goneAt !== undefined && table.goneAt <= this.now()) {
      this.#tables.delete(name);
      return undefined;
    }
    return table;
  }

  /** A UUID, different for every table made here and the same in every run. */
  #nextId(): string {
    this.#created++;
    const hex = createHash('md5').update(`table ${this.#created}`).digest('hex');
    return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
  }
}

function inUse(why: string, name: string): string {
  return `Attempt to change a resource which is still in use: ${why}: ${name}`;
}
