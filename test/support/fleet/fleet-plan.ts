import type { RetrievalMode } from '../../../src/config/types';
import { type Random, randomInt, seededRandom } from '../../../src/util/random';
import { type CrashPoint, crashPoint, numberingPoint } from './crash-points';
import type { PutPlan } from './fleet-producer';

/** How workers read that begin early in a life, and those that begin late. */
export interface RetrievalPlan {
  readonly early: RetrievalMode;
  readonly late: RetrievalMode;
}

const ANY_RETRIEVAL: RetrievalPlan = { early: 'auto', late: 'auto' };
const RETRIEVALS: readonly RetrievalPlan[] = [
  { early: 'polling', late: 'polling' },
  { early: 'fan-out', late: 'fan-out' },
  { early: 'polling', late: 'polling' },
  { early: 'fan-out', late: 'fan-out' },
  ANY_RETRIEVAL,
  { early: 'polling', late: 'fan-out' },
  { early: 'fan-out', late: 'polling' },
  { early: 'auto', late: 'fan-out' },
];

export const STARTS = ['TRIM_HORIZON', 'LATEST', 'AT_TIMESTAMP'] as const;

/**
 * What may go wrong beside what happens in every life (joins, leaves, rolling restarts, reshards):
 * - `calm`: nothing.
 * - `faults`: answers of the lease table and of Kinesis are lost, late or slow, sends fail.
 * - `deaths`: also processes die, stand still or are cut off, and clocks jump.
 * - `steps`: nothing but one crash point.
 */
export type Trouble = 'calm' | 'faults' | 'deaths' | 'steps';

const TROUBLES: readonly Trouble[] = [
  'calm',
  'steps',
  'deaths',
  'steps',
  'faults',
  'steps',
  'deaths',
  'steps',
];

/** A broker that speaks Pulsar's protocol. */
export interface PulsarPlan {
  readonly guarantee: 'ATLEAST_ONCE' | 'EFFECTIVELY_ONCE';
  /** Of the topic at the beginning; 0: it is not partitioned. */
  readonly partitions: number;
  /** Bytes of a message beyond which it goes in chunks. */
  readonly maxMessageSize: number;
  /** Likelihood that a record is larger than that. */
  readonly large: number;
  /** Most times that something befalls what is sent, where something does. */
  readonly strikes: number;
  /** Most times that the topic gets partitions, if it has some. */
  readonly growths: number;
}

/** Seeds that end in one of these are lives with a broker that speaks Pulsar's protocol. */
const BROKERS = [2, 7];
/** A limit of bytes that leaves room for metadata, and that some records are above. */
const SMALL_MESSAGES = 1200;
const ROOM_FOR_LARGE = 400_000;

/** Everything about a life that is settled before it begins. */
export interface FleetPlan extends PutPlan {
  readonly seed: number;
  readonly random: Random;
  readonly trouble: Trouble;
  readonly point: CrashPoint | undefined;
  readonly start: (typeof STARTS)[number];
  readonly streams: number;
  /** Of each stream. */
  readonly shards: number;
  readonly workers: number;
  /** Milliseconds in which things happen. */
  readonly length: number;
  /** Milliseconds that Kinesis keeps records; undefined: all. */
  readonly retention: number | undefined;
  /** Whether the table begins with the row of a child whose parent has none. */
  readonly orphan: boolean;
  /** Whether the end waits until finished rows are cleaned up. */
  readonly cleaned: boolean;
  readonly failoverTime: number;
  readonly handoffTimeout: number;
  readonly checkpointInterval: number;
  readonly latencyMs: number;
  /** Milliseconds that a send takes at most. */
  readonly sendMs: number;
  /** Undefined: Pulsar is a list in memory. */
  readonly pulsar: PulsarPlan | undefined;
  readonly retrieval: RetrievalPlan;
  readonly lifecycle: 'external' | 'managed';
  /** Milliseconds that a subscription lives, and after which it sends an empty event. */
  readonly subscriptionMs: number;
  readonly heartbeatMs: number;
  /** Bytes of an event. */
  readonly eventBytes: number;
  /** Consumers that a stream may have. */
  readonly consumerLimit: number;
  readonly takenOver: 'fails' | 'expires';
  readonly shardEnd: 'behind' | 'with-records';
  /** Milliseconds after which a reader that is not answered gives way to another one. */
  readonly readerStallTimeout: number;
  readonly maxRecordsPerRead: number;
  readonly receiveQueueSize: number;
  readonly receiveQueueBytes: number;
}

/** Instead of what the seed decides. */
export interface GivenPlan {
  readonly trouble?: Trouble | undefined;
  readonly point?: CrashPoint | undefined;
  readonly plan?: Partial<FleetPlan> | undefined;
}

export function fleetPlan(seed: number, given: GivenPlan = {}): FleetPlan {
  const trouble = given.trouble ?? TROUBLES[seed % TROUBLES.length] ?? 'calm';
  const random = seededRandom(seed);
  const some = (from: number, to: number): number => from + randomInt(random, to - from + 1);
  const failoverTime = some(2000, 4000);
  const retrieval = given.plan?.retrieval ?? RETRIEVALS[some(0, RETRIEVALS.length - 1)] ?? ANY_RETRIEVAL;
  const heartbeatMs = some(500, 3000);
  const start = given.plan?.start ?? STARTS[some(0, 2)] ?? 'LATEST';
  const streams = given.plan?.streams ?? (random.next() < 0.2 ? some(2, 3) : 1);
  return {
    seed,
    random,
    trouble,
    // Every second seed sweeps: successive ones take successive points.
    point: trouble === 'steps' ? (given.point ?? crashPoint(seed >> 1)) : undefined,
    start,
    orphan: start === 'TRIM_HORIZON' && streams === 1 && random.next() < 0.2,
    streams,
    shards: some(1, streams === 1 ? 4 : 2),
    workers: some(1, 3),
    length: some(5000, 12_000),
    retention: trouble === 'deaths' && random.next() < 0.2 ? some(4000, 20_000) : undefined,
    cleaned: random.next() < 0.04,
    failoverTime,
    handoffTimeout: some(1000, 4000),
    checkpointInterval: some(500, 2500),
    latencyMs: some(2, 40),
    sendMs: random.next() < 0.6 ? some(1, 40) : some(100, 900),
    maxRecordsPerRead: some(3, 25),
    receiveQueueSize: some(5, 60),
    receiveQueueBytes: some(600, 20_000),
    retrieval,
    // Without one, only those who may do without it.
    consumerLimit: retrieval.late === 'auto' && random.next() < 0.3 ? 0 : 20,
    lifecycle: random.next() < 0.2 ? 'managed' : 'external',
    subscriptionMs: some(2000, 20_000),
    heartbeatMs,
    readerStallTimeout: random.next() < 0.3 ? heartbeatMs + some(1500, 4000) : 60_000,
    eventBytes: some(40, 2000),
    takenOver: random.next() < 0.7 ? 'fails' : 'expires',
    shardEnd: random.next() < 0.5 ? 'behind' : 'with-records',
    frames: random.next() < 0.5 ? 0 : random.next() * 0.8,
    largeFrame: random.next() < 0.02,
    subRecordFilter: random.next() < 0.5 ? 'keep' : 'drop',
    pulsar: undefined,
    // A life with a bug in it says for itself what it needs.
    ...(BROKERS.includes(seed % 10) && given.trouble === undefined && brokerPlan(seed, random, trouble)),
    ...given.plan,
  };
}

function brokerPlan(seed: number, random: Random, trouble: Trouble): Partial<FleetPlan> {
  const isSmall = random.next() < 0.3;
  const guarantee = random.next() < 0.2 ? 'ATLEAST_ONCE' : 'EFFECTIVELY_ONCE';
  const numbers = trouble === 'steps' && guarantee === 'EFFECTIVELY_ONCE' && seed % 20 < 10;
  return {
    pulsar: {
      guarantee,
      partitions: random.next() < 0.6 ? 0 : 1 + randomInt(random, 3),
      maxMessageSize: isSmall ? SMALL_MESSAGES : 5 * 1024 * 1024,
      large: isSmall ? 0.1 : 0,
      strikes: random.next() < 0.5 ? 6 : 20,
      growths: 2,
    },
    // The first record waits for its receipt, and the others for it.
    handoffTimeout: 3000 + Math.floor(2000 * random.next()),
    // Half of those that sweep do so through the writes that only they make.
    ...(numbers && { point: numberingPoint(Math.floor(seed / 20)) }),
    // One large record among small ones would be more than all there is.
    ...(isSmall && { receiveQueueBytes: ROOM_FOR_LARGE }),
  };
}
