import type { Item } from '../../src/emulator/dynamodb/attribute-value';
import { itemSize } from '../../src/emulator/dynamodb/item-size';
import type { ServiceModel } from '../../src/emulator/service-model';

/** Bytes that one unit covers. Source: DynamoDB Developer Guide, "Read/write capacity modes". */
const WRITE_UNIT_BYTES = 1024;
const READ_UNIT_BYTES = 4096;

/** What was asked of DynamoDB, in requests and in units of its on-demand capacity. */
export interface DynamoUse {
  readonly writes: number;
  readonly writeUnits: number;
  readonly reads: number;
  readonly readUnits: number;
}

/** Of a write: the row as it was or as it is now, whichever is larger. */
export function writeUnits(bytes: number): number {
  return Math.max(1, Math.ceil(bytes / WRITE_UNIT_BYTES));
}

/** Of a read of one row, or of all rows that a page of a scan has looked at. */
export function readUnits(bytes: number, consistent: boolean): number {
  return Math.max(1, Math.ceil(bytes / READ_UNIT_BYTES)) * (consistent ? 1 : 0.5);
}

/** US$ a million units on demand, us-east-1, standard table class. Source: Amazon DynamoDB pricing. */
const WRITE_PRICE = 0.625;
const READ_PRICE = 0.125;
const MINUTES_A_MONTH = 730 * 60;

/** US$ a month of what is used in a minute. */
export function monthlyPrice(use: DynamoUse): number {
  return ((use.writeUnits * WRITE_PRICE + use.readUnits * READ_PRICE) * MINUTES_A_MONTH) / 1e6;
}

interface Request {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ConsistentRead?: boolean;
}

/** The model of DynamoDB with an account of what is asked of it. */
export class DynamoMeter implements ServiceModel {
  readonly target: string;
  readonly operations: readonly string[];
  #use = { writes: 0, writeUnits: 0, reads: 0, readUnits: 0 };

  constructor(private readonly model: ServiceModel) {
    this.target = model.target;
    this.operations = model.operations;
  }

  /** Since the start, or the last reset. */
  get use(): DynamoUse {
    return { ...this.#use };
  }

  reset(): void {
    this.#use = { writes: 0, writeUnits: 0, reads: 0, readUnits: 0 };
  }

  invoke(operation: string, input: unknown): unknown {
    const request = input as Request;
    switch (operation) {
      case 'PutItem':
      case 'UpdateItem':
      case 'DeleteItem':
        return this.#write(operation, request);
      case 'GetItem':
      case 'Scan':
      case 'Query':
        return this.#read(operation, request);
      default:
        return this.model.invoke(operation, input);
    }
  }

  /** A write whose condition is not met is paid for as well. */
  #write(operation: string, request: Request): unknown {
    const before = this.#sizeOfRow(request);
    try {
      return this.model.invoke(operation, request);
    } finally {
      this.#use.writes++;
      this.#use.writeUnits += writeUnits(Math.max(before, this.#sizeOfRow(request)));
    }
  }

  #read(operation: string, request: Request): unknown {
    const answer = this.model.invoke(operation, request) as { readonly Item?: Item; readonly Items?: Item[] };
    const items = answer.Items ?? (answer.Item === undefined ? [] : [answer.Item]);
    this.#use.reads++;
    this.#use.readUnits += readUnits(sizeOfAll(items), request.ConsistentRead === true);
    return answer;
  }

  #sizeOfRow({ TableName, Key, Item: put }: Request): number {
    const leaseKey = (Key ?? put)?.leaseKey;
    const { Item: row } = this.model.invoke('GetItem', { TableName, Key: { leaseKey } }) as { Item?: Item };
    return row === undefined ? 0 : itemSize(row);
  }
}

export function sizeOfAll(items: readonly Item[]): number {
  return items.reduce((bytes, item) => bytes + itemSize(item), 0);
}
