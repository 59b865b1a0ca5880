import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type AttributeDefinition,
  type AttributeValue,
  CreateTableCommand,
  type CreateTableCommandInput,
  DynamoDBClient,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { startEmulator } from '../../../src/emulator';

export type ServiceName = 'emulator' | 'dynalite';
export type Row = { [attribute: string]: AttributeValue };

/** A running DynamoDB, and a client of AWS for it. */
export interface Service {
  readonly client: DynamoDBClient;
  stop(): Promise<void>;
}

const STARTS: { readonly [name in ServiceName]: () => Promise<Service> } = {
  emulator: async () => {
    const emulator = await startEmulator();
    return connect(emulator.dynamodbEndpoint, () => emulator.close());
  },
  dynalite: async () => {
    const dynalite = require('dynalite') as (options: object) => Server;
    const server = dynalite({ createTableMs: 0, deleteTableMs: 0, updateTableMs: 0 });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    return connect(`http://127.0.0.1:${port}`, async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    });
  },
};

export const SERVICES = ['emulator', 'dynalite'] as const;

export const startService = (name: ServiceName): Promise<Service> => STARTS[name]();

function connect(endpoint: string, close: () => Promise<void>): Service {
  const client = new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
    maxAttempts: 1,
  });
  return {
    client,
    stop: async () => {
      client.destroy();
      await close();
    },
  };
}

/** Starts the service before the tests of the surrounding block and stops it behind them. */
export function useService(
  name: ServiceName,
  prepare?: (client: DynamoDBClient) => Promise<unknown>,
): () => DynamoDBClient {
  let service: Service | undefined;
  beforeAll(async () => {
    service = await startService(name);
    await prepare?.(service.client);
  });
  afterAll(() => service?.stop());
  return () => {
    if (service === undefined) {
      throw new Error('used outside a test');
    }
    return service.client;
  };
}

const attribute = (AttributeName: string): AttributeDefinition => ({ AttributeName, AttributeType: 'S' });

/** A table with the single key `leaseKey`, as the KCL makes it. */
export const LEASE_TABLE = 'leases';
export const leaseTable: CreateTableCommandInput = {
  TableName: LEASE_TABLE,
  AttributeDefinitions: [attribute('leaseKey')],
  KeySchema: [{ AttributeName: 'leaseKey', KeyType: 'HASH' }],
  BillingMode: 'PAY_PER_REQUEST',
};

export async function createTable(client: DynamoDBClient, input: CreateTableCommandInput): Promise<void> {
  await client.send(new CreateTableCommand(input));
  await waitUntilTableExists(
    { client, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.05 },
    { TableName: input.TableName },
  );
}

/** What a call came to: its output without metadata and with sets in order, or its error. */
export async function outcome(call: Promise<object>): Promise<object> {
  try {
    const { $metadata, ...output } = (await call) as { $metadata?: unknown };
    return inOrder(output) as object;
  } catch (error) {
    if (!(error instanceof Error)) {
      throw error;
    }
    const item = 'Item' in error && error.Item !== undefined ? { item: error.Item } : {};
    return { error: error.name, message: error.message, ...item };
  }
}

function inOrder(value: unknown, name = ''): unknown {
  if (value instanceof Uint8Array) {
    return Buffer.from(value).toString('base64');
  }
  if (Array.isArray(value)) {
    const members = value.map((entry) => inOrder(entry));
    return ['SS', 'NS', 'BS'].includes(name) ? members.sort() : members;
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, inOrder(entry, key)]));
}
