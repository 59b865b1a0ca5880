import fc from 'fast-check';
import type { PutEntry } from '../../../src/aws/kinesis-api';
import { ConnectorError } from '../../../src/errors';
import { seededRandom } from '../../../src/util/random';
import { evenShards, PutLab, textOf } from '../../support/put-lab';
import type { RequestScript } from '../../support/scripted-put-api';
import { userRecords } from '../../support/user-records';

const REQUEST_TIMEOUT = 500;

/** What Kinesis does to a request and to its entries, in parts of 100. */
interface Faults {
  readonly lost: number;
  readonly late: number;
  readonly silence: number;
  readonly failed: number;
  readonly throttled: number;
  readonly internal: number;
}

const faults: fc.Arbitrary<Faults> = fc.record({
  lost: fc.integer({ min: 0, max: 15 }),
  late: fc.integer({ min: 0, max: 10 }),
  silence: fc.integer({ min: 0, max: 10 }),
  failed: fc.integer({ min: 0, max: 20 }),
  throttled: fc.integer({ min: 0, max: 40 }),
  internal: fc.integer({ min: 0, max: 30 }),
});

const scenario = fc.record({
  seed: fc.integer(),
  faults,
  retainOrdering: fc.boolean(),
  shards: fc.integer({ min: 1, max: 5 }),
  /** Numbers of keys; undefined is a random one. */
  keys: fc.array(fc.option(fc.nat(8), { nil: undefined, freq: 6 }), { minLength: 1, maxLength: 150 }),
  maxCount: fc.integer({ min: 1, max: 20 }),
  maxBytes: fc.integer({ min: 20, max: 400 }),
  lingerMs: fc.constantFrom(0, 20, 100),
  maxConnections: fc.integer({ min: 1, max: 4 }),
  maxPendingRecords: fc.integer({ min: 1, max: 40 }),
  /** Places of records that Kinesis finds invalid. */
  invalid: fc.uniqueArray(fc.nat(149), { maxLength: 6 }),
  /** The request at which the stream has been resharded, and how many shards there are then. */
  reshard: fc.record({ at: fc.nat(40), shards: fc.integer({ min: 1, max: 6 }) }),
  aggregation: fc.option(
    fc.record({ maxSize: fc.integer({ min: 64, max: 300 }), maxCount: fc.integer({ min: 1, max: 30 }) }),
    { nil: undefined, freq: 2 },
  ),
  recordTtl: fc.option(fc.integer({ min: 50, max: 3000 }), { nil: undefined, freq: 3 }),
});

type Scenario = typeof scenario extends fc.Arbitrary<infer T> ? T : never;

function labOf({ recordTtl, ...given }: Scenario): PutLab {
  const lab = new PutLab({
    shards: given.shards,
    requestTimeout: REQUEST_TIMEOUT,
    seed: given.seed,
    config: {
      retainOrdering: given.retainOrdering,
      collectionMaxCount: given.maxCount,
      collectionMaxSize: given.maxBytes,
      lingerMs: given.lingerMs,
      maxConnections: given.maxConnections,
      maxPendingRecords: given.maxPendingRecords,
      aggregationEnabled: given.aggregation !== undefined,
      aggregationMaxSize: given.aggregation?.maxSize ?? 64,
      aggregationMaxCount: given.aggregation?.maxCount ?? 1,
      retryMaxDelay: 1000,
      ...(recordTtl === undefined ? {} : { recordTtl }),
    },
  });
  const random = seededRandom(given.seed + 1);
  const { faults } = given;
  const drawn = <T>(choices: readonly (readonly [T, number])[]): T | undefined => {
    let draw = random.next() * 100;
    for (const [choice, percent] of choices) {
      draw -= percent;
      if (draw < 0) {
        return choice;
      }
    }
    return undefined;
  };
  const invalid = new Set(given.invalid.map(String));
  lab.api.onRequest = ({ entries }): RequestScript => {
    if (lab.api.requests.length > given.reshard.at) {
      lab.api.shards = evenShards(given.reshard.shards, 'child');
    }
    if (entries.flatMap(userRecords).some((record) => invalid.has(textOf(record)))) {
      return new ConnectorError('AWS_REQUEST_REFUSED', 'ValidationException');
    }
    return (
      drawn<RequestScript>([
        ['lost', faults.lost],
        ['late', faults.late],
        ['silence', faults.silence],
        [new ConnectorError('AWS_UNAVAILABLE', 'HTTP 503'), faults.failed],
      ]) ?? 'answer'
    );
  };
  lab.api.onEntry = () =>
    drawn([
      ['ProvisionedThroughputExceededException', faults.throttled],
      ['InternalFailure', faults.internal],
    ]);
  return lab;
}

/** Checks every request while it is made. */
function watch(lab: PutLab, given: Scenario): string[] {
  const broken: string[] = [];
  const put = lab.api.putRecords.bind(lab.api);
  const underWay = new Set<string>();
  lab.api.putRecords = async (stream, entries, options) => {
    const bytes = entries.reduce(
      (sum, { data, partitionKey }) => sum + data.byteLength + partitionKey.length,
      0,
    );
    if (entries.length > given.maxCount || (entries.length > 1 && bytes > given.maxBytes)) {
      broken.push(`a request of ${entries.length} entries, ${bytes} bytes`);
    }
    const frames = entries.map(userRecords);
    const keys = frames.flatMap((records) => [...new Set(records.map(({ partitionKey }) => partitionKey))]);
    if (given.retainOrdering) {
      for (const key of keys) {
        if (underWay.has(key)) {
          broken.push(`two entries of ${key} under way`);
        }
        underWay.add(key);
      }
    }
    for (const [place, records] of frames.entries()) {
      const { maxCount, maxSize } = given.aggregation ?? { maxCount: 1, maxSize: 0 };
      const { data, partitionKey } = entries[place] as PutEntry;
      const size = data.byteLength + partitionKey.length;
      if (records.length > maxCount || (records.length > 1 && size > maxSize)) {
        broken.push(`a frame of ${records.length} records, ${size} bytes`);
      }
    }
    for (const entry of frames.flat()) {
      if (lab.records[Number(textOf(entry))]?.outcomes.length !== 0) {
        broken.push(`${textOf(entry)} is sent after it was settled`);
      }
    }
    const over = (): void => {
      for (const key of keys.splice(0)) {
        underWay.delete(key);
      }
    };
    options?.signal?.addEventListener('abort', over, { once: true });
    return put(stream, entries, options).finally(over);
  };
  return broken;
}

test('whatever Kinesis answers, each record is settled once, in the order of its key, within all bounds', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async (given) => {
      const lab = labOf(given);
      const broken = watch(lab, given);
      let most = 0;
      const writing = (async () => {
        for (const key of given.keys) {
          await lab.write(key === undefined ? undefined : `key-${key}`);
          most = Math.max(most, lab.open.length);
        }
      })();
      await lab.clock.run(writing);
      expect(await lab.clock.run(lab.loop.drain(3_000_000))).toBe(0);

      expect(broken).toEqual([]);
      expect(lab.fatal).toEqual([]);
      expect(most).toBeLessThanOrEqual(given.maxPendingRecords);
      expect(lab.api.mostInFlight).toBeLessThanOrEqual(given.maxConnections);
      expect(lab.records.map(({ outcomes }) => outcomes.length)).toEqual(lab.records.map(() => 1));
      // A frame that is not all where it belongs is nothing to a reader that filters as the KCL does.
      const delivered = lab.api.stored.filter((record) => record.delivered);
      const stored = new Set(delivered.map(({ text }) => text));
      for (const { text, outcomes } of lab.records) {
        if (outcomes[0] === 'acked') {
          expect(stored.has(text)).toBe(true);
        } else {
          const code = given.invalid.includes(Number(text)) ? 'SINK_RECORD_REFUSED' : 'SINK_RECORD_EXPIRED';
          const codes = given.recordTtl === undefined ? [code] : [code, 'SINK_RECORD_EXPIRED'];
          expect(codes).toContain((outcomes[0] as ConnectorError).code);
        }
      }
      // Every copy is one that was counted as possible.
      const copies = lab.api.stored.length - new Set(lab.api.stored.map(({ text }) => text)).size;
      const again = lab.metric('sink_ambiguous_retries') + lab.metric('sink_records_misplaced');
      expect(copies).toBeLessThanOrEqual(again);
      if (given.retainOrdering) {
        for (const found of [lab.api.stored, delivered]) {
          for (const texts of lab.api.firstArrivals(found).values()) {
            const numbers = texts.map(Number);
            expect(numbers).toEqual([...numbers].sort((a, b) => a - b));
          }
        }
      }
      expect(lab.clock.pending).toBe(0);
    }),
    { numRuns: 150 },
  );
}, 60_000);

test('what is closed at its deadline settles nothing afterwards', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, fc.integer({ min: 0, max: 800 }), async (given, ms) => {
      const lab = labOf(given);
      const written = given.keys.slice(0, given.maxPendingRecords - 1);
      await lab.writeAll(written.map((key) => (key === undefined ? undefined : `key-${key}`)));
      const left = await lab.clock.run(lab.loop.drain(ms));
      expect(lab.open).toHaveLength(left);
      const settled = lab.settled.length;
      await lab.clock.advance(10_000);
      expect(lab.settled).toHaveLength(settled);
      expect(lab.clock.pending).toBe(0);
      expect(lab.api.inFlight).toBe(0);
    }),
    { numRuns: 80 },
  );
}, 60_000);
