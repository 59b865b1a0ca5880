import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Emulator, startEmulator } from '../../src/emulator';
import { sleep, systemClock } from '../../src/util/clock';
import { type Random, randomInt, shuffled } from '../../src/util/random';
import { DeliveryCheck, type DeliveryReport } from '../support/delivery-check';
import { flightNumber } from '../support/flights';
import { type PulsarBroker, startPulsarBroker } from '../support/pulsar-broker';
import { TopicFollower } from '../support/topic-follower';
import { ConnectorProcess } from './connector-process';
import { type OnceRecords, type OnceVariant, SHARDS } from './once-variant';
import { StoredCount } from './stored-count';

const NAME = 'flights';
const CONFIG = 'connectors.json';
/** Short, so that the shards of a killed connector are read again soon. */
const FAILOVER_MS = 2_000;
const LOOK_MS = 50;
/** All blows fall before about this part of the records is stored. */
const BLOWS_WITHIN = 0.9;
/** Without a message more, milliseconds. */
const STALL_MS = 60_000;

export type Blow =
  | 'kill -9 of the connector'
  | 'pause of the connector until its leases are lost'
  | 'kill -9 and restart of the broker'
  | 'topic unload';

export interface OnceRun {
  readonly variant: OnceVariant;
  readonly records: number;
  readonly blows: { readonly [blow in Blow]: number };
  readonly random: Random;
  /** Without EFFECTIVELY_ONCE: shows that the blows are such as store records twice. */
  readonly control?: boolean;
  /** Told how many messages the broker has taken, now and then. */
  readonly onStored?: (count: number, of: number) => void;
}

export interface OnceOutcome {
  readonly report: DeliveryReport;
  /** Blows that fell, in order, each with the messages stored until then. */
  readonly fallen: readonly { readonly blow: Blow; readonly stored: number }[];
  /** Milliseconds from the first connector to the last. */
  readonly tookMs: number;
}

/**
 * Numbered flights through the connector into a topic with deduplication, while connector, broker and topic are struck
 * at random moments; then read back whole by the broker's own client.
 * @throws when a connector ends by itself, or nothing moves any more.
 */
export async function runExactlyOnce(run: OnceRun): Promise<OnceOutcome> {
  const { variant, random } = run;
  const conf = { brokerDeduplicationEnabled: 'true', ...RETAINED, ...DURABLE, ...variant.conf };
  const [broker, emulator] = await Promise.all([startPulsarBroker({ conf }), startEmulator()]);
  const folder = mkdtempSync(join(tmpdir(), 'exactly-once-'));
  let faultless = false;
  try {
    const records = variant.records(run.records, random);
    if (variant.partitions > 0) {
      await broker.admin('PUT', `/persistent/public/default/${NAME}/partitions`, variant.partitions);
    }
    put(emulator, records);
    writeFileSync(join(folder, CONFIG), JSON.stringify(config(broker, emulator, run)));
    const since = systemClock.monotonic();
    const fallen = await strike(run, broker, folder, records.expected.length);
    const tookMs = systemClock.monotonic() - since;
    const report = await readBack(broker, variant, records);
    const { arrived, sent, lost, outOfOrder, altered } = report;
    faultless = arrived === sent && lost.length + outOfOrder.length + altered.length === 0;
    return { report, fallen, tookMs };
  } finally {
    await Promise.all([broker.dispose(), emulator.close()]);
    if (faultless) {
      rmSync(folder, { recursive: true, force: true });
    } else {
      process.stderr.write(`logs of the connectors are in ${folder}\n`);
    }
  }
}

/** By default a restart removes what was stored before it, from topics without a subscription. */
const RETAINED = { defaultRetentionTimeInMinutes: '-1', defaultRetentionSizeInMB: '-1' };

/** What a standalone broker does not do by default: confirm only what a kill cannot take back. */
const DURABLE = { journalSyncData: 'true' };

/** Runs connectors until one has delivered everything, with every blow on the way. */
async function strike(
  { variant, blows, random, onStored }: OnceRun,
  broker: PulsarBroker,
  folder: string,
  total: number,
): Promise<OnceOutcome['fallen']> {
  const stored = new StoredCount(broker, NAME, variant.partitions);
  const fallen: { blow: Blow; stored: number }[] = [];
  let connector = start(folder);
  /** Resolves when `until` messages are stored, or everything is. */
  const watch = async (until: number): Promise<number> => {
    let moved = { count: 0, at: systemClock.monotonic() };
    for (;;) {
      const count = await stored.look();
      onStored?.(count, total);
      if (count >= until || finished(connector)) {
        return count;
      }
      if (count !== moved.count) {
        moved = { count, at: systemClock.monotonic() };
      } else if (systemClock.monotonic() - moved.at > STALL_MS) {
        throw new Error(`${count} messages are stored, and nothing has moved for ${STALL_MS} ms`);
      }
      await sleep(systemClock, LOOK_MS);
    }
  };
  try {
    let count = 0;
    for (const { blow, after } of plan(blows, total, random)) {
      count = await watch(count + after);
      if (finished(connector)) {
        return fallen;
      }
      fallen.push({ blow, stored: count });
      connector = await strikeOne(blow, broker, connector, folder);
    }
    await watch(Number.POSITIVE_INFINITY);
    return fallen;
  } finally {
    connector.kill();
    await connector.ended;
  }
}

/** @returns the connector that runs from now on */
async function strikeOne(
  blow: Blow,
  broker: PulsarBroker,
  connector: ConnectorProcess,
  folder: string,
): Promise<ConnectorProcess> {
  switch (blow) {
    case 'kill -9 of the connector':
      connector.kill();
      await connector.ended;
      return start(folder);
    case 'pause of the connector until its leases are lost':
      connector.pause();
      await sleep(systemClock, FAILOVER_MS);
      connector.resume();
      return connector;
    case 'kill -9 and restart of the broker':
      await broker.kill();
      await broker.start();
      return connector;
    case 'topic unload':
      await broker.admin('PUT', `/persistent/public/default/${NAME}/unload`);
      return connector;
  }
}

function start(folder: string): ConnectorProcess {
  return new ConnectorProcess({
    name: 'the connector',
    configFile: join(folder, CONFIG),
    args: ['--until-caught-up'],
    logFile: join(folder, `${systemClock.now()}.log`),
    onLine: () => undefined,
  });
}

/** Whether it has delivered everything. @throws when it has ended without that */
function finished({ name, crash, errors }: ConnectorProcess): boolean {
  if (crash !== undefined && crash.code !== 0) {
    throw new Error(
      `${name} ended with ${crash.code ?? crash.signal}: ${errors.at(-1) ?? 'no error logged'}`,
    );
  }
  return crash !== undefined;
}

/** The blows in random order, each with how many messages must have been stored since the one before. */
function plan(blows: OnceRun['blows'], total: number, random: Random): { blow: Blow; after: number }[] {
  const kinds = Object.entries(blows).flatMap(([blow, times]) => Array<Blow>(times).fill(blow as Blow));
  const moments = kinds.map(() => randomInt(random, BLOWS_WITHIN * total)).sort((a, b) => a - b);
  return shuffled(random, kinds).map((blow, i) => ({
    blow,
    // One at least: what is struck must be at work again.
    after: 1 + (moments[i] as number) - (moments[i - 1] ?? 0),
  }));
}

function put(emulator: Emulator, { puts }: OnceRecords): void {
  emulator.kinesis.call('CreateStream', { StreamName: NAME, ShardCount: SHARDS });
  for (const { key, payload } of puts) {
    emulator.kinesis.call('PutRecord', {
      StreamName: NAME,
      PartitionKey: key,
      Data: Buffer.from(payload).toString('base64'),
    });
  }
}

function config(broker: PulsarBroker, emulator: Emulator, { variant, records, control }: OnceRun): object {
  return {
    pulsar: { serviceUrl: broker.serviceUrl },
    aws: {
      region: 'us-east-1',
      credentials: { type: 'static', accessKeyId: 'test', secretAccessKey: 'test' },
      endpoints: { kinesis: emulator.kinesisEndpoint, dynamodb: emulator.dynamodbEndpoint },
    },
    sources: [
      {
        tenant: 'public',
        namespace: 'default',
        name: NAME,
        sourceType: 'kinesis',
        topicName: NAME,
        processingGuarantees: control ? 'ATLEAST_ONCE' : 'EFFECTIVELY_ONCE',
        configs: {
          awsKinesisStreamName: NAME,
          initialPositionInStream: 'TRIM_HORIZON',
          useEnhancedFanOut: false,
          cloudwatchMetricsLevel: 'NONE',
          failoverTime: FAILOVER_MS,
          maxReadsPerSecondPerShard: 5,
          maxRecordsPerRead: variant.readSize(records),
        },
      },
    ],
  };
}

/** The whole topic, partition for partition, by the broker's own client behind its WebSocket API. */
async function readBack(
  broker: PulsarBroker,
  { partitions }: OnceVariant,
  { expected }: OnceRecords,
): Promise<DeliveryReport> {
  const check = new DeliveryCheck(expected, flightNumber);
  const topics =
    partitions === 0 ? [NAME] : Array.from({ length: partitions }, (_, i) => `${NAME}-partition-${i}`);
  await Promise.all(
    topics.map(async (topic) => {
      const follower = await TopicFollower.open(broker.wsUrl, topic, (message) => check.add(message));
      await follower.readToEnd().finally(() => follower.close());
    }),
  );
  return check.report();
}
