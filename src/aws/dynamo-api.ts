import type {
  AttributeValue,
  CreateTableCommandInput,
  DeleteItemCommandInput,
  GetItemCommandInput,
  PutItemCommandInput,
  ScanCommandInput,
  TableDescription,
  Tag,
  UpdateContinuousBackupsCommandInput,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { CallOptions } from './kinesis-api';

/** Attributes of one row, as DynamoDB has them. */
export type Item = { [attribute: string]: AttributeValue };

/**
 * What the lease table needs of DynamoDB. One attempt a call; throws ConnectorError:
 * LEASE_TABLE_CONDITION (condition not met), LEASE_TABLE_NOT_FOUND, AWS_THROTTLED, AWS_TIMEOUT and
 * AWS_UNAVAILABLE (the write may have been applied), AWS_ACCESS_DENIED, AWS_UNKNOWN.
 */
export interface DynamoApi {
  createTable(input: CreateTableCommandInput, options?: CallOptions): Promise<void>;
  /** Undefined when there is no such table. */
  describeTable(tableName: string, options?: CallOptions): Promise<TableDescription | undefined>;
  /** LEASE_TABLE_NOT_READY also while the backups of a new table are being set up. */
  updateContinuousBackups(input: UpdateContinuousBackupsCommandInput, options?: CallOptions): Promise<void>;
  /** Whether point-in-time recovery is on. */
  hasPointInTimeRecovery(tableName: string, options?: CallOptions): Promise<boolean>;
  /** All pages. */
  listTags(tableArn: string, options?: CallOptions): Promise<Tag[]>;
  putItem(input: PutItemCommandInput, options?: CallOptions): Promise<void>;
  /** The attributes asked for by ReturnValues. */
  updateItem(input: UpdateItemCommandInput, options?: CallOptions): Promise<Item>;
  getItem(input: GetItemCommandInput, options?: CallOptions): Promise<Item | undefined>;
  deleteItem(input: DeleteItemCommandInput, options?: CallOptions): Promise<void>;
  scan(input: ScanCommandInput, options?: CallOptions): Promise<ScanPage>;
}

export interface ScanPage {
  readonly items: readonly Item[];
  readonly lastKey: Item | undefined;
  /** The service's clock when it answered, milliseconds since the epoch, whole seconds; when it says so. */
  readonly serviceTime?: number | undefined;
}
