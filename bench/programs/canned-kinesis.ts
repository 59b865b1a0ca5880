import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { cbor } from '@smithy/core/cbor';
import { startEmulator } from '../../src/emulator';
import { CannedAnswers, type Language } from '../canned-answers';
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

function parsed(body: Buffer, language: Language = 'json'): Call {
  return language === 'cbor'
    ? (cbor.deserialize(body) as Call)
    : (JSON.parse(body.length === 0 ? '{}' : body.toString()) as Call);
}

const typeOf = (language: Language): string => `application/x-amz-${language}-1.1`;

async function main(): Promise<void> {
  const { shards, recordBytes, recordsPerAnswer, recordsPerShard } = readSettings<CannedSettings>();
  const answersIn = (language: Language): CannedAnswers =>
    new CannedAnswers(language, recordBytes, recordsPerAnswer, recordsPerShard);
  const answers = { cbor: answersIn('cbor'), json: answersIn('json') };
  const puts = new CannedPuts(shards);
  const operations: { readonly [name: string]: (body: Buffer, language: Language) => object | Buffer } = {
    DescribeStreamSummary: () => ({ StreamDescriptionSummary: describe(shards) }),
    ListShards: () => listShards(shards),
    GetShardIterator: (body) => ({ ShardIterator: `${parsed(body).ShardId}:0:0` }),
    GetRecords: (body, language) => {
      const { ShardIterator = '', Limit = recordsPerAnswer } = parsed(body, language);
      return answers[language].answer(ShardIterator, Limit);
    },
    PutRecords: (body) => puts.answer(body),
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const operation = String(request.headers['x-amz-target']).split('.')[1] ?? '';
    // Only of GetRecords are requests in CBOR.
    const language = request.headers['content-type'] === typeOf('cbor') ? 'cbor' : 'json';
    const answer = operations[operation]?.(await bodyOf(request), language);
    const body = Buffer.isBuffer(answer)
      ? answer
      : Buffer.from(JSON.stringify(answer ?? { __type: 'UnknownOperationException' }));
    response.writeHead(answer === undefined ? 400 : 200, {
      'content-type': typeOf(language),
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
