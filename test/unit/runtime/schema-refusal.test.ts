import { ConnectorError } from '../../../src/errors';
import type { RecordSequencing, Schema } from '../../../src/io';
import { DeliveryLane } from '../../../src/runtime/delivery-lane';
import type { DeliveredRecord } from '../../../src/runtime/lane-records';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { ManualClock } from '../../support/manual-clock';
import { ScriptedTransport } from '../../support/scripted-transport';

const SCHEMA: Schema = { type: 'JSON', name: 'json', definition: '{}' };
const refusal = (): ConnectorError => new ConnectorError('PULSAR_SCHEMA_REFUSED', 'incompatible');
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function setUp(refusals: readonly ConnectorError[], sequencing?: RecordSequencing) {
  const clock = new ManualClock();
  const transport = new ScriptedTransport();
  transport.refusals.push(...refusals);
  const heard: string[] = [];
  const lane = new DeliveryLane({
    transport,
    topic: 't',
    schema: SCHEMA,
    atMostOnce: false,
    backoff: { initialMs: 100, maxMs: 1000 },
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    mayStillSend: () => true,
    sequencing,
    onRoom: () => heard.push('room'),
    onFatal: (error) => heard.push(`fatal ${error.message}`),
  });
  const offer = (...names: string[]): void => {
    for (const name of names) {
      const record: DeliveredRecord = {
        key: undefined,
        recordSequence: name.charCodeAt(0),
        value: Buffer.from(name),
        eventTime: undefined,
        properties: {},
        ack: () => heard.push(`${name} stored`),
        fail: (cause) => heard.push(`${name} ${(cause as ConnectorError).code}`),
      };
      lane.offer(record);
    }
  };
  return { clock, transport, lane, heard, offer };
}

describe('a topic that does not take the schema', () => {
  it('fails each record for itself, ends nothing, and is asked again until it does', async () => {
    const { clock, transport, heard, offer } = setUp([refusal(), refusal()]);
    offer('a', 'b');
    await turn();
    expect(heard).toEqual(['a PULSAR_SCHEMA_REFUSED', 'b PULSAR_SCHEMA_REFUSED']);
    offer('c');
    expect(heard[2]).toBe('c PULSAR_SCHEMA_REFUSED');
    await clock.advance(10_000);
    const producer = await transport.producer(0);
    expect(producer.schema).toBe(SCHEMA);
    offer('d');
    producer.confirm(0);
    expect(heard.slice(3)).toEqual(['d stored']);
  });

  it('that comes after a lost connection fails what was sent and not confirmed as well', async () => {
    const { clock, transport, heard, offer, lane } = setUp([]);
    offer('a', 'b');
    const producer = await transport.producer(0);
    producer.confirm(0);
    producer.listener.failed(refusal());
    await turn();
    expect(heard).toEqual(['a stored', 'b PULSAR_SCHEMA_REFUSED']);
    const closing = lane.close(1000);
    await clock.advance(1000);
    expect(await closing).toBe(true);
  });

  it('gives a lane that was full room again', async () => {
    const { heard, offer, lane } = setUp([refusal()]);
    offer(...Array.from({ length: 1000 }, (_, i) => `${i}`));
    expect(lane.accepts).toBe(false);
    await turn();
    expect(lane.accepts).toBe(true);
    expect(heard.at(-1)).toBe('room');
  });

  it('with numbers is not asked again before all it refused is settled: later records would hide those', async () => {
    const settled = deferred<void>();
    const asked: number[] = [];
    const { clock, transport, heard, offer } = setUp([refusal()], {
      producerName: 'shard/1',
      firstId: 0,
      enablesDeduplication: false,
      partitions: async (_topic, found) => found,
      repartition: async () => undefined,
      abandon: async () => undefined,
      reached: (id) => {
        asked.push(id);
        return settled.promise;
      },
    });
    offer('a', 'b');
    await turn();
    await clock.advance(10_000);
    offer('c');
    await turn();
    expect(asked).toEqual(['b'.charCodeAt(0)]);
    expect(transport.producers).toHaveLength(0);
    settled.resolve();
    const producer = await transport.producer(0);
    expect(producer.sent).toHaveLength(1);
    expect(heard).toEqual(['a PULSAR_SCHEMA_REFUSED', 'b PULSAR_SCHEMA_REFUSED']);
  });
});
