import type { TableDescription } from '@aws-sdk/client-dynamodb';
import type { DynamoApi } from '../aws/dynamo-api';
import type { Lease } from '../lease/lease';
import type { SourceSubject } from './subject';

/** The lease table of a source, and what was found out about it so far. */
export class ExaminedTable {
  readonly name: string;
  readonly group: string;
  /** Undefined: there is none. */
  description: TableDescription | undefined;
  rows: readonly Lease[] = [];

  constructor(private readonly subject: SourceSubject) {
    this.name = subject.config.leaseTableName;
    this.group = subject.group;
  }

  get dynamo(): DynamoApi {
    return this.subject.reach.dynamo;
  }

  /** Of one of its checks. */
  key(what: string): string {
    return `${this.group} table ${what}`;
  }
}
