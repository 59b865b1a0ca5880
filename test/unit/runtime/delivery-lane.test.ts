import { ConnectorError } from '../../../src/errors';
import type { RecordSequencing } from '../../../src/io';
import type { ProducerTransport } from '../../../src/pulsar/transport';
import { DeliveryLane } from '../../../src/runtime/delivery-lane';
import type { DeliveryLaneOptions } from '../../../src/runtime/delivery-lane-options';
import type { DeliveredRecord } from '../../../src/runtime/lane-records';
import { deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { Ticker } from '../../../src/util/ticker';
import { LOOK_MS, Watchdog } from '../../../src/util/watchdog';
import { ManualClock } from '../../support/manual-clock';
import { ScriptedTransport } from '../../support/scripted-transport';

interface TestRecord extends DeliveredRecord {
  readonly n: number;
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const lost = new ConnectorError('PULSAR_SEND_FAILED', 'the broker could not store it');

function setUp(overrides: Partial<DeliveryLaneOptions> = {}, refusals: readonly ConnectorError[] = []) {
  const clock = new ManualClock();
  const transport = new ScriptedTransport();
  transport.refusals.push(...refusals);
  const acked: number[] = [];
  const refused: number[] = [];
  const fatal: Error[] = [];
  const rooms: number[] = [];
  const lane = new DeliveryLane({
    transport,
    topic: 't',
    atMostOnce: false,
    backoff: { initialMs: 100, maxMs: 1000 },
    clock,
    random: seededRandom(1),
    logger: silentLogger,
    mayStillSend: () => true,
    onRoom: () => rooms.push(1),
    onFatal: (error) => fatal.push(error),
    ...overrides,
  });
  const record = (n: number): TestRecord => ({
    n,
    recordSequence: n,
    key: 'k',
    value: new Uint8Array(1),
    eventTime: undefined,
    properties: {},
    ack: () => acked.push(n),
    fail: () => refused.push(n),
  });
  const offer = (...numbers: number[]): void => {
    for (const n of numbers) {
      lane.offer(record(n));
    }
  };
  const sent = (producer: { readonly sent: readonly object[] }): number[] =>
    producer.sent.map((message) => (message as TestRecord).n);
  return { clock, transport, lane, acked, refused, fatal, rooms, offer, sent };
}

describe('delivery lane', () => {
  it('sends in order without waiting for confirmations, and confirms each record once', async () => {
    const { transport, offer, sent, acked, lane } = setUp();
    offer(1, 2);
    const producer = await transport.producer(0);
    offer(3);
    expect(sent(producer)).toEqual([1, 2, 3]);
    producer.confirm(0, 1, 2);
    expect(acked).toEqual([1, 2, 3]);
    expect(await lane.close(1000)).toBe(true);
  });

  it('after a failure sends again in order from the first unconfirmed record, behind a closed producer', async () => {
    const { transport, offer, sent, acked, clock } = setUp();
    const first = await transport.producer(0);
    first.closesAtOnce = false;
    offer(1, 2, 3, 4);
    first.confirm(0);
    first.listener.failed(lost);
    await turn();
    offer(5);
    await clock.advance(10_000);
    expect(transport.producers).toHaveLength(1);
    first.closing?.resolve();
    await turn();
    await clock.advance(10_000);
    const second = await transport.producer(1);
    expect(sent(second)).toEqual([2, 3, 4, 5]);
    expect(acked).toEqual([1]);
  });

  it('a record confirmed before an earlier one is not sent again', async () => {
    const { transport, offer, sent, clock, acked } = setUp();
    const first = await transport.producer(0);
    offer(1, 2, 3);
    first.confirm(1);
    first.listener.failed(lost);
    await turn();
    await clock.advance(10_000);
    expect(sent(await transport.producer(1))).toEqual([1, 3]);
    expect(acked).toEqual([2]);
  });

  it('a confirmation that arrives while the failed producer is being closed still counts', async () => {
    const { transport, offer, sent, clock } = setUp();
    const first = await transport.producer(0);
    first.closesAtOnce = false;
    offer(1, 2);
    first.listener.failed(lost);
    await turn();
    first.confirm(0);
    first.closing?.resolve();
    await turn();
    await clock.advance(10_000);
    expect(sent(await transport.producer(1))).toEqual([2]);
  });

  it('waits between attempts, and tries for ever what heals by itself', async () => {
    const down = Array.from({ length: 30 }, () => new ConnectorError('PULSAR_UNAVAILABLE', 'down'));
    const { transport, clock, fatal } = setUp({}, down);
    await clock.advance(60_000);
    expect(transport.producers).toHaveLength(1);
    expect(fatal).toEqual([]);
  });

  it('gives up at once on what cannot heal', async () => {
    const { fatal } = setUp({}, [new ConnectorError('PULSAR_AUTHENTICATION', 'refused')]);
    await turn();
    expect(fatal.map((error) => (error as ConnectorError).code)).toEqual(['PULSAR_AUTHENTICATION']);
  });

  it('gives up on an unknown error after ten failures in a row', async () => {
    const unknown = Array.from({ length: 30 }, () => new ConnectorError('PULSAR_UNKNOWN', '?'));
    const { transport, clock, fatal } = setUp({}, unknown);
    await clock.advance(60_000);
    expect(fatal).toHaveLength(1);
    expect(transport.refusals).toHaveLength(20);
  });

  it('sends nothing once its lease is gone, not even what was waiting', async () => {
    let held = true;
    const { transport, offer, sent } = setUp({ mayStillSend: () => held });
    const producer = await transport.producer(0);
    producer.writable = false;
    offer(1);
    held = false;
    producer.writable = true;
    producer.listener.drained();
    expect(sent(producer)).toEqual([]);
  });

  it('a close waits for what is in flight and sends nothing more', async () => {
    const { transport, offer, sent, lane, acked } = setUp();
    const producer = await transport.producer(0);
    offer(1, 2);
    producer.writable = false;
    offer(3);
    const closing = lane.close(1000);
    offer(4);
    producer.writable = true;
    producer.listener.drained();
    await turn();
    expect(producer.closing).toBeUndefined();
    producer.confirm(0, 1);
    expect(await closing).toBe(true);
    expect(sent(producer)).toEqual([1, 2]);
    expect(acked).toEqual([1, 2]);
    expect(producer.flushes).toBe(1);
  });

  it('a close ends at its deadline and says that something was not answered', async () => {
    const { transport, offer, lane, clock } = setUp();
    const producer = await transport.producer(0);
    offer(1);
    const closing = lane.close(1000);
    await clock.advance(1000);
    expect(await closing).toBe(false);
    expect(producer.closing).toBeDefined();
  });

  it('a close while the producer fails neither hangs nor sends again', async () => {
    const { transport, offer, lane, clock } = setUp();
    const producer = await transport.producer(0);
    offer(1);
    const closing = lane.close(60_000);
    producer.listener.failed(lost);
    expect(await closing).toBe(false);
    await clock.advance(10_000);
    expect(transport.producers).toHaveLength(1);
  });

  it('a close during the wait before another attempt says that something was not answered', async () => {
    const { transport, offer, lane } = setUp();
    const producer = await transport.producer(0);
    offer(1);
    producer.listener.failed(lost);
    await turn();
    expect(await lane.close(1000)).toBe(false);
    expect(transport.producers).toHaveLength(1);
  });

  it('asks for a pause when it has enough to send, and for more when it has not', async () => {
    const { transport, offer, lane, rooms } = setUp();
    const producer = await transport.producer(0);
    producer.writable = false;
    offer(...Array.from({ length: 1000 }, (_, i) => i));
    expect(lane.accepts).toBe(false);
    producer.writable = true;
    producer.listener.drained();
    expect(lane.accepts).toBe(true);
    expect(rooms).toHaveLength(1);
  });

  it('a record that can never be stored is refused, and the others go on', async () => {
    const { transport, offer, lane, acked, refused } = setUp();
    const producer = await transport.producer(0);
    offer(1, 2);
    const [first] = producer.sent;
    if (first === undefined) {
      throw new Error('nothing was sent');
    }
    producer.listener.rejected(first, new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', 'too large'));
    producer.confirm(1);
    expect(refused).toEqual([1]);
    expect(acked).toEqual([2]);
    expect(await lane.close(1000)).toBe(true);
  });

  it('ATMOST_ONCE never sends again what a failed producer left unanswered', async () => {
    const { transport, offer, sent, acked, clock } = setUp({ atMostOnce: true });
    const first = await transport.producer(0);
    offer(1, 2);
    first.listener.failed(lost);
    await turn();
    offer(3);
    await clock.advance(10_000);
    expect(sent(await transport.producer(1))).toEqual([3]);
    expect(acked).toEqual([1, 2]);
  });

  it('ATMOST_ONCE: what a close leaves unanswered is not sent again by the next start either', async () => {
    const { transport, offer, lane, acked, clock } = setUp({ atMostOnce: true });
    await transport.producer(0);
    offer(1, 2);
    const closing = lane.close(1000);
    await clock.advance(1000);
    expect(await closing).toBe(false);
    expect(acked).toEqual([1, 2]);
  });

  it('a failure in the middle of a close leaves it unanswered, and says why', async () => {
    const warnings: object[] = [];
    const logger = { ...silentLogger, warn: (fields: object) => warnings.push(fields) };
    const { transport, offer, lane, clock } = setUp({ logger });
    const producer = await transport.producer(0);
    offer(1);
    const closing = lane.close(1000);
    producer.listener.failed(lost);
    expect(await clock.run(closing)).toBe(false);
    expect(warnings).toEqual([expect.objectContaining({ code: lost.code, topic: 't' })]);
  });

  it('a close does not wait for a producer that is still being made; it is closed when it comes', async () => {
    const scripted = new ScriptedTransport();
    const made = deferred<void>();
    const slow: ProducerTransport = {
      maxMessageBytes: undefined,
      chunks: true,
      sequences: true,
      createProducer: async (options) => {
        await made.promise;
        return scripted.createProducer(options);
      },
      close: () => Promise.resolve(),
    };
    const { lane, offer } = setUp({ transport: slow });
    offer(1);
    const closing = lane.close(1000);
    const settled = jest.fn();
    closing.then(settled);
    await turn();
    expect(settled).toHaveBeenCalledWith(true);
    made.resolve();
    const late = await scripted.producer(0);
    expect(late.closing).toBeDefined();
    expect(late.sent).toEqual([]);
  });

  it('a close keeps its deadline while a failed producer is still being closed', async () => {
    const { transport, offer, lane } = setUp();
    const producer = await transport.producer(0);
    producer.closesAtOnce = false;
    offer(1);
    producer.listener.failed(lost);
    await turn();
    const closing = lane.close(700);
    await turn();
    expect(producer.closeDeadlines.at(-1)).toBe(700);
    producer.closing?.resolve();
    expect(await closing).toBe(false);
  });

  it('counts what was delivered, rejected and sent again, and the producers that failed, once each', async () => {
    const { transport, offer, lane, clock } = setUp();
    const first = await transport.producer(0);
    offer(1, 2, 3, 4);
    expect(lane.inFlight).toBe(4);
    first.confirm(0);
    first.listener.rejected(
      first.sent[1] as never,
      new ConnectorError('PULSAR_MESSAGE_TOO_LARGE', 'too large'),
    );
    first.listener.failed(lost);
    await turn();
    expect(lane.takeCounts()).toMatchObject({ delivered: 1, resent: 2, rejected: 1, producerFailures: 1 });
    await clock.advance(10_000);
    (await transport.producer(1)).confirm(0, 1);
    expect(lane.inFlight).toBe(0);
    expect(lane.takeCounts()).toMatchObject({ delivered: 2, resent: 0, rejected: 0, producerFailures: 0 });
  });

  describe('under a watchdog', () => {
    function watched(transport: ProducerTransport) {
      const clock = new ManualClock();
      const told: string[] = [];
      const watchdog = new Watchdog(clock, {
        stalled: (part) => told.push(`${part} stalled`),
        restarting: (part) => told.push(`${part} restarting`),
        recovered: (part) => told.push(`${part} recovered`),
      });
      const ticker = new Ticker(clock, LOOK_MS, () => watchdog.look());
      const watch = { watchdog, part: 'lane', limit: 10_000 };
      return { ...setUp({ transport, clock, watch }), clock, told, ticker };
    }

    it('a producer that never comes to be is given up for another one, and closed if it comes late', async () => {
      const inner = new ScriptedTransport();
      const first = deferred<void>();
      let asked = 0;
      const { offer, clock, told, acked, sent } = watched({
        maxMessageBytes: undefined,
        chunks: true,
        sequences: true,
        close: () => inner.close(),
        createProducer: async (options) => {
          if (++asked === 1) {
            await first.promise;
          }
          return inner.createProducer(options);
        },
      });
      offer(1, 2);
      await clock.advance(12_000);
      const second = await inner.producer(0);
      expect(told).toEqual(['lane stalled', 'lane restarting']);
      expect(sent(second)).toEqual([1, 2]);
      first.resolve();
      const late = await inner.producer(1);
      expect(late.sent).toEqual([]);
      expect(late.closing).toBeDefined();
      second.confirm(0, 1);
      await clock.advance(1000);
      expect(told.at(-1)).toBe('lane recovered');
      expect(acked).toEqual([1, 2]);
    });

    it('replaced producers that do not help either come at ever longer distances', async () => {
      const transport = new ScriptedTransport();
      const { offer, clock, told } = watched(transport);
      offer(1);
      await clock.advance(1_000_000);
      const restarts = told.filter((line) => line === 'lane restarting').length;
      // At 10, 20, 40, 80 and then 160 s each.
      expect(restarts).toBeGreaterThan(7);
      expect(restarts).toBeLessThan(11);
      expect(told.filter((line) => line === 'lane stalled')).toHaveLength(1);
      expect(transport.producers).toHaveLength(restarts + 1);
    });

    it('a lane with nothing to send, or whose lease is gone, is not late', async () => {
      const transport = new ScriptedTransport();
      const { offer, clock, told, lane } = watched(transport);
      await clock.advance(3_600_000);
      offer(1);
      const producer = await transport.producer(0);
      producer.confirm(0);
      await clock.advance(3_600_000);
      expect(told).toEqual([]);
      offer(2);
      const closing = lane.close(100_000);
      await clock.advance(50_000);
      expect(told).toEqual([]);
      await clock.advance(50_000);
      expect(await closing).toBe(false);
    });
  });

  describe('when the topic grows', () => {
    const sequencing = (repartition: RecordSequencing['repartition']): Partial<DeliveryLaneOptions> => ({
      sequencing: {
        producerName: 'shard/1',
        firstId: 0,
        enablesDeduplication: false,
        partitions: async (_topic, found) => found,
        repartition,
        abandon: async () => undefined,
        reached: async () => undefined,
      },
    });

    it('sends nothing until all is confirmed and a checkpoint covers it, then goes on by another producer', async () => {
      const stored = deferred<void>();
      const asked: unknown[][] = [];
      const { transport, offer, sent, lane } = setUp(
        sequencing((...question) => {
          asked.push(question);
          return stored.promise;
        }),
      );
      const first = await transport.producer(0);
      offer(1, 2);
      first.listener.grown?.(4);
      await turn();
      offer(3);
      first.confirm(0);
      await turn();
      expect(asked).toEqual([]);
      first.confirm(1);
      await turn();
      expect(asked).toEqual([['t', 4, 2]]);
      expect(transport.producers).toHaveLength(1);
      expect(sent(first)).toEqual([1, 2]);
      stored.resolve();
      const second = await transport.producer(1);
      expect(sent(second)).toEqual([3]);
      expect(first.closeDeadlines).toHaveLength(1);
      second.confirm(0);
      expect(await lane.close(1000)).toBe(true);
    });

    it('a producer that fails meanwhile is followed by one with the partitions there were', async () => {
      const asked: unknown[][] = [];
      const { transport, offer, sent, clock } = setUp(
        sequencing(async (...question) => void asked.push(question)),
      );
      const first = await transport.producer(0);
      offer(1, 2);
      first.listener.grown?.(4);
      await turn();
      first.listener.failed(lost);
      await turn();
      clock.advance(1000);
      const second = await transport.producer(1);
      expect(sent(second)).toEqual([1, 2]);
      expect(asked).toEqual([]);
    });

    it('a close in the middle of it waits for what is in flight, and no other producer is made', async () => {
      const { transport, offer, lane } = setUp(sequencing(() => new Promise(() => undefined)));
      const first = await transport.producer(0);
      offer(1);
      first.listener.grown?.(4);
      await turn();
      const closed = lane.close(1000);
      first.confirm(0);
      expect(await closed).toBe(true);
      await turn();
      expect(transport.producers).toHaveLength(1);
    });

    it('a count that cannot be stored ends the lane, and nothing is sent by it', async () => {
      const refused = new ConnectorError('AWS_ACCESS_DENIED', 'may not write');
      const { transport, offer, fatal } = setUp(sequencing(() => Promise.reject(refused)));
      const first = await transport.producer(0);
      first.listener.grown?.(4);
      await turn();
      offer(1);
      await turn();
      expect(fatal).toEqual([refused]);
      expect(transport.producers).toHaveLength(1);
    });
  });

  it('numbers that the broker has taken for others are given up in the row before the lane ends', async () => {
    const stored = deferred<void>();
    const { transport, offer, fatal } = setUp({
      sequencing: {
        producerName: 'shard/1',
        firstId: 0,
        enablesDeduplication: false,
        partitions: async (_topic, found) => found,
        repartition: async () => undefined,
        abandon: () => stored.promise,
        reached: async () => undefined,
      },
    });
    const producer = await transport.producer(0);
    offer(1);
    const clash = new ConnectorError('SEQUENCE_ID_CLASH', 'id 1 was passed over');
    producer.listener.failed(clash);
    await turn();
    expect(fatal).toEqual([]);
    stored.resolve();
    await turn();
    expect(fatal).toEqual([clash]);
    expect(transport.producers).toHaveLength(1);
  });

  describe('numbers that the broker has taken for others while the lane closes', () => {
    const clash = new ConnectorError('SEQUENCE_ID_CLASH', 'id 1 was passed over');
    const set = (mayStillSend = () => true) => {
      const abandoned: string[] = [];
      const stored = deferred<void>();
      const lab = setUp({
        mayStillSend,
        sequencing: {
          producerName: 'shard/1',
          firstId: 0,
          enablesDeduplication: false,
          partitions: async (_topic, found) => found,
          repartition: async () => undefined,
          reached: async () => undefined,
          abandon: () => {
            abandoned.push('row');
            return stored.promise;
          },
        },
      });
      return { ...lab, abandoned, stored };
    };

    it.each<[string, (fail: () => void, closing: () => Promise<boolean>) => Promise<boolean>]>([
      [
        'before',
        (fail, closing) => {
          fail();
          return closing();
        },
      ],
      [
        'while it waits',
        (fail, closing) => {
          const closed = closing();
          fail();
          return closed;
        },
      ],
    ])('are given up before it has ended: %s', async (_when, close) => {
      const { transport, offer, lane, abandoned, stored } = set();
      const producer = await transport.producer(0);
      offer(1);
      let done = false;
      const closed = close(
        () => producer.listener.failed(clash),
        () => lane.close(10_000),
      ).finally(() => {
        done = true;
      });
      await turn();
      expect([abandoned.length > 0, done]).toEqual([true, false]);
      stored.resolve();
      expect(await closed).toBe(false);
    });

    it('are given up as well when the producer tells at its end, or nothing may be sent any more', async () => {
      let may = true;
      const { transport, offer, lane, clock, abandoned, stored } = set(() => may);
      stored.resolve();
      const producer = await transport.producer(0);
      offer(1);
      producer.closesAtOnce = false;
      const closed = lane.close(1000);
      await turn();
      await clock.advance(1000);
      await turn();
      may = false;
      producer.listener.failed(clash);
      producer.closing?.resolve();
      expect(await closed).toBe(false);
      expect(abandoned).toEqual(['row']);
    });

    it('are not, when another producer was told since that nothing was passed over', async () => {
      const { transport, offer, lane, clock, abandoned } = set();
      const first = await transport.producer(0);
      offer(1);
      first.closesAtOnce = false;
      first.listener.failed(lost);
      await turn();
      first.listener.failed(clash);
      first.closing?.resolve();
      await turn();
      clock.advance(1000);
      const second = await transport.producer(1);
      second.confirm(0);
      expect(await lane.close(1000)).toBe(true);
      expect(abandoned).toEqual([]);
    });
  });

  it('counts what the topic had before, and topics that have forgotten', async () => {
    const { transport, offer, lane } = setUp();
    const producer = await transport.producer(0);
    offer(1, 2);
    producer.listener.forgotten?.(-1);
    producer.listener.confirmed(producer.sent[0] as TestRecord, true);
    producer.confirm(1);
    expect(lane.takeCounts()).toMatchObject({ delivered: 2, duplicates: 1, forgotten: 1 });
  });
});
