import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { startEmulator } from '../../src/emulator';
import { CannedAnswers } from '../canned-answers';
import { CannedPuts } from '../canned-puts';
import { readSettings, say } from './program';

/**
 * A Kinesis whose shards stay open and whose answers are ready made, so that a reader or writer is measured and not the
 * service; with an emulated DynamoDB beside it. Says its addresses in one JSON line.
 */
export interface CannedSettings {
  readonly shards: number;
  readonly recordBytes: number;
  /** Most records of an answer; the Limit of the call when that is smaller. */
  readonly recordsPerAnswer: number;
  /** Records until a shard has nothing more for the time being; endless when absent. */
  readonly recordsPerShard?: number;
}

export interface CannedAddresses {
  readonly kinesis: string;
  readonly dynamodb: string;
}

const STREAM = 'bench';
const ARN = `arn:aws:kinesis:us-east-1:000000000000:stream/${STREAM}`;
const HASH_KEYS = 1n << 128n;

function listShards(shards: number): object {
  const bound = (index: number): bigint => (HASH_KEYS * BigInt(index)) / BigInt(shards);
  return {
    Shards: Array.from({ length: shards }, (_, index) => ({
      ShardId: `shardId-${String(index).padStart(12, '0')}`,
      HashKeyRange: { StartingHashKey: String(bound(index)), EndingHashKey: String(bound(index + 1) - 1n) },
      SequenceNumberRange: { StartingSequenceNumber: CannedAnswers.firstSequenceNumber },
    })),
  };
}

function describe(shards: number): object {
  return {
    StreamName: STREAM,
    StreamARN: ARN,
    StreamStatus: 'ACTIVE',
    StreamModeDetails: { StreamMode: 'PROVISIONED' },
    RetentionPeriodHours: 24,
    StreamCreationTimestamp: 1_700_000_000,
    EnhancedMonitoring: [],
    EncryptionType: 'NONE',
    OpenShardCount: shards,
    ConsumerCount: 0,
  };
}

interface Call {
  readonly ShardId?: string;
  readonly ShardIterator?: string;
  readonly Limit?: number;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) {
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

const parsed = (body: Buffer): Call => JSON.parse(body.length === 0 ? '{}' : body.toString()) as Call;

async function main(): Promise<void> {
  const { shards, recordBytes, recordsPerAnswer, recordsPerShard } = readSettings<CannedSettings>();
  const answers = new CannedAnswers(recordBytes, recordsPerAnswer, recordsPerShard);
  const puts = new CannedPuts(shards);
  const operations: { readonly [name: string]: (body: Buffer) => object | Buffer } = {
    DescribeStreamSummary: () => ({ StreamDescriptionSummary: describe(shards) }),
    ListShards: () => listShards(shards),
    GetShardIterator: (body) => ({ ShardIterator: `${parsed(body).ShardId}:0:0` }),
    GetRecords: (body) => {
      const { ShardIterator = '', Limit = recordsPerAnswer } = parsed(body);
      return answers.answer(ShardIterator, Limit);
    },
    PutRecords: (body) => puts.answer(body),
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    const answer = operations[operation]?.(await bodyOf(request));
    const body = Buffer.isBuffer(answer)
      ? answer
      : Buffer.from(JSON.stringify(answer ?? { __type: 'UnknownOperationException' }));
    response.writeHead(answer === undefined ? 400 : 200, {
      'content-type': 'application/x-amz-json-1.1',
      'content-length': body.length,
    });
    response.end(body);
  };
  const server = createServer((request, response) => void serve(request, response));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const emulator = await startEmulator({});
  const addresses: CannedAddresses = {
    kinesis: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    dynamodb: `http://127.0.0.1:${emulator.dynamodbPort}`,
  };
  say(addresses);
}

void main();
