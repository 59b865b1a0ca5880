import { GetRecordsCommand, KinesisClient } from '@aws-sdk/client-kinesis';
import { cbor, tag } from '@smithy/core/cbor';
import { HttpResponse } from '@smithy/core/protocols';
import * as fc from 'fast-check';
import type { DecodedRecords } from '../../src/aws/decoded-records';
import { type Random, randomInt, seededRandom, shuffled } from '../../src/util/random';

/** A record before it is written in any language. */
interface SentRecord {
  readonly data: Uint8Array;
  readonly partitionKey: string;
  readonly sequenceNumber: string;
  /** Milliseconds since the epoch. */
  readonly arrival: number;
  readonly encryptionType: 'NONE' | 'KMS' | null | undefined;
}

export interface SentAnswer {
  readonly records: readonly SentRecord[];
  readonly next: string | null | undefined;
  readonly behind: number | null | undefined;
  readonly children:
    | readonly { readonly id: string; readonly parents: readonly string[] }[]
    | null
    | undefined;
  /** Seed of how it is spelled: order, space, escapes, unknown members. */
  readonly style: number;
}

/** Of every Unicode character: those that JSON escapes, those of one to four bytes. */
const text = fc.string({ unit: 'binary', maxLength: 20 });
const perhaps = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null | undefined> =>
  fc.oneof(arbitrary, fc.constant(null), fc.constant(undefined));

export const answers: fc.Arbitrary<SentAnswer> = fc.record({
  records: fc.array(
    fc.record({
      // Short ones and long ones are read in different ways.
      data: fc.oneof(fc.uint8Array({ maxLength: 40 }), fc.uint8Array({ minLength: 380, maxLength: 800 })),
      partitionKey: text,
      sequenceNumber: fc.bigInt(0n, 10n ** 56n).map(String),
      arrival: fc.integer({ min: 1e12, max: 4e12 }),
      encryptionType: perhaps(fc.constantFrom('NONE' as const, 'KMS' as const)),
    }),
    { maxLength: 6 },
  ),
  next: perhaps(text),
  behind: perhaps(fc.maxSafeNat()),
  children: perhaps(
    fc.array(fc.record({ id: text, parents: fc.array(text, { maxLength: 2 }) }), { maxLength: 2 }),
  ),
  style: fc.nat(),
});

/** What the languages write in different ways. */
interface Spelling {
  payload(data: Uint8Array): unknown;
  instant(ms: number): unknown;
}

interface Members {
  readonly [name: string]: unknown;
}

/** The answer with its members in any order, and with some that nobody knows. */
function spelled(answer: SentAnswer, random: Random, { payload, instant }: Spelling): Members {
  const mixed = (members: Members): Members => {
    const unknown = { Data: payload(new Uint8Array(500)), Deep: [[null, true, -1.5, { Records: [] }]] };
    const all = randomInt(random, 4) === 0 ? { ...members, Zz: unknown } : members;
    return Object.fromEntries(
      shuffled(
        random,
        Object.entries(all).filter(([, value]) => value !== undefined),
      ),
    );
  };
  return mixed({
    Records: answer.records.map((record) =>
      mixed({
        SequenceNumber: record.sequenceNumber,
        ApproximateArrivalTimestamp: instant(record.arrival),
        Data: payload(record.data),
        PartitionKey: record.partitionKey,
        EncryptionType: record.encryptionType,
      }),
    ),
    NextShardIterator: answer.next,
    MillisBehindLatest: answer.behind,
    ChildShards: answer.children?.map(({ id, parents }) => ({
      ShardId: id,
      ParentShards: parents,
      HashKeyRange: { StartingHashKey: '0', EndingHashKey: '1' },
    })),
  });
}

const base64 = (data: Uint8Array): string => Buffer.from(data).toString('base64');

/** CBOR as AWS means it, and as emulators write it. */
export const CBOR_SPELLINGS: { readonly [service in 'AWS' | 'kinesis-local' | 'kinesalite']: Spelling } = {
  AWS: { payload: (data) => data, instant: (ms) => tag({ tag: 1, value: ms }) },
  'kinesis-local': { payload: base64, instant: (ms) => ms },
  kinesalite: { payload: base64, instant: (ms) => ms / 1000 },
};

export function cborBody(answer: SentAnswer, spelling: Spelling = CBOR_SPELLINGS.AWS): Buffer {
  return Buffer.from(cbor.serialize(spelled(answer, seededRandom(answer.style), spelling)));
}

export function jsonBody(answer: SentAnswer): Buffer {
  const random = seededRandom(answer.style);
  const instant = (ms: number): unknown =>
    new Literal(randomInt(random, 2) === 0 ? String(ms / 1000) : (ms / 1000).toExponential());
  return Buffer.from(
    written(spelled(answer, random, { payload: base64, instant }), random, randomInt(random, 3)),
  );
}

class Literal {
  constructor(readonly text: string) {}
}

/** @param frills 0: as services are wont to write; 1: white space everywhere; 2: escapes as well. */
function written(value: unknown, random: Random, frills: number): string {
  const space = frills > 0 ? (['', ' ', '\n\t', '\r '][randomInt(random, 4)] ?? '') : '';
  const inner = (member: unknown): string => written(member, random, frills);
  if (value instanceof Literal) {
    return `${space}${value.text}${space}`;
  }
  if (Array.isArray(value)) {
    return `${space}[${value.map(inner).join(',')}${space}]`;
  }
  if (typeof value === 'object' && value !== null) {
    const members = Object.entries(value).map(([name, member]) => `${inner(name)}:${inner(member)}`);
    return `${space}{${members.join(',')}${space}}`;
  }
  const plain = JSON.stringify(value);
  return `${space}${frills > 1 && typeof value === 'string' ? escaped(plain, random) : plain}${space}`;
}

/** A string of JSON with more escapes than it needs. */
function escaped(json: string, random: Random): string {
  return json.replace(/\\u.{4}|\\.|[/+=a-z]/g, (part) => {
    if (part.length > 1 || randomInt(random, 20) > 0) {
      return part;
    }
    return part === '/' ? '\\/' : `\\u${part.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

let answerToSdk: Buffer;
const sdk = new KinesisClient({
  region: 'us-east-1',
  credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
  requestHandler: {
    handle: async () => {
      const headers = { 'content-type': 'application/x-amz-json-1.1' };
      return { response: new HttpResponse({ statusCode: 200, headers, body: answerToSdk }) };
    },
  },
});

/** What the AWS SDK makes of an answer of GetRecords in JSON. One call at a time. */
export async function readBySdk(body: Buffer): Promise<DecodedRecords> {
  answerToSdk = body;
  const answer = await sdk.send(new GetRecordsCommand({ ShardIterator: 'i' }));
  return {
    records: (answer.Records ?? []).map((record) => ({
      data: bytes(record.Data),
      partitionKey: record.PartitionKey ?? '',
      sequenceNumber: record.SequenceNumber ?? '',
      approximateArrival: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
      encryptionType: record.EncryptionType === 'KMS' ? 'KMS' : 'NONE',
    })),
    nextIterator: answer.NextShardIterator,
    continuation: undefined,
    millisBehindLatest: answer.MillisBehindLatest,
    childShards: (answer.ChildShards ?? []).map((child) => ({
      shardId: child.ShardId ?? '',
      parentShards: child.ParentShards ?? [],
      startingHashKey: child.HashKeyRange?.StartingHashKey ?? '',
      endingHashKey: child.HashKeyRange?.EndingHashKey ?? '',
    })),
  };
}

const bytes = (data: Uint8Array | undefined): Buffer => Buffer.from(data ?? []);

/** A body with one byte changed or with its end cut off. */
export function damaged(body: Buffer, random: Random): Buffer {
  const at = randomInt(random, body.length);
  if (randomInt(random, 3) === 0) {
    return body.subarray(0, at);
  }
  const copy = Buffer.from(body);
  copy[at] = randomInt(random, 256);
  return copy;
}
