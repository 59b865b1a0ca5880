import fc from 'fast-check';
import type { ConnectorError } from '../../../src/errors';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import type { OutgoingMessage, Producer, ProducerListener } from '../../../src/pulsar/transport';
import { sleep } from '../../../src/util/clock';
import { type Deferred, deferred } from '../../../src/util/deferred';
import { silentLogger } from '../../../src/util/logger';
import { type Random, randomInt, seededRandom } from '../../../src/util/random';
import { drained, ManualClock } from '../../support/manual-clock';
import { ModelBroker } from '../../support/model-broker';
import { message, textOf } from '../../support/producer-log';
import { SimulatedProcess } from '../../support/simulated-process';
import { ProcessGate } from '../../support/sink-fleet/process-gate';
import { SimulatedSocket } from '../../support/sink-fleet/simulated-socket';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';

const MAX_MESSAGE_SIZE = 1500;
const CALM = { lostWrites: 0, lostReads: 0, throttles: 0, slow: 0 };

/** One producer name's messages on their way through everything that goes wrong at a broker. */
class Voyage implements ProducerListener<OutgoingMessage> {
  readonly clock = new ManualClock(undefined, drained);
  readonly broker: ModelBroker;
  readonly stored: string[] = [];
  readonly confirmedTexts: string[] = [];
  readonly failures: string[] = [];
  readonly #random: Random;
  readonly #messages: OutgoingMessage[] = [];
  readonly #transport: BinaryTransport;
  #ended: Deferred<void> = deferred();
  #closing = false;

  constructor(seed: number, batchingMaxMessages: number) {
    this.#random = seededRandom(seed);
    const random = this.#random;
    this.broker = new ModelBroker({
      clock: this.clock,
      random,
      maxMessageSize: MAX_MESSAGE_SIZE,
      deduplicates: true,
      // Some are still under way when the client is back.
      writeMs: () => random.next() * (random.next() < 0.05 ? 1000 : 30),
      stored: ({ message: one }) => this.stored.push(textOf(one)),
    });
    const process = new SimulatedProcess(this.clock, random, CALM);
    const gate = new ProcessGate(process, { fateOf: () => undefined, strike: () => undefined });
    const latency = (): number => random.next() * 5;
    this.#transport = new BinaryTransport(
      pulsarSettings('pulsar://broker:6650'),
      { ...PRODUCER, batchingMaxMessages, sendTimeout: 5000 },
      {
        clock: this.clock,
        random,
        logger: silentLogger,
        connect: () =>
          SimulatedSocket.connect(
            { clock: this.clock, gate, latency },
            this.broker.listens ? (far) => this.broker.accept(far.asSocket, 'client') : undefined,
          ).asSocket,
      },
    );
    for (let id = randomInt(random, 3), i = 0; i < 60; i++) {
      // Some go in chunks.
      const text = `${i} `.padEnd(random.next() < 0.1 ? 2 * MAX_MESSAGE_SIZE : randomInt(random, 80));
      this.#messages.push(message(text, { recordSequence: id }));
      id += 1 + (random.next() < 0.2 ? randomInt(random, 9) : 0);
    }
  }

  get texts(): string[] {
    return this.#messages.map(textOf);
  }

  confirmed(one: OutgoingMessage): void {
    this.confirmedTexts.push(textOf(one));
    if (this.confirmedTexts.length === this.#messages.length) {
      this.#ended.resolve();
    }
  }

  rejected(): void {
    throw new Error('nothing is too large');
  }

  failed(error: ConnectorError): void {
    // What a producer cannot tell at its end, the next one is told.
    if (!this.#closing) {
      this.failures.push(error.code);
    }
    this.#ended.resolve();
  }

  drained(): void {}

  forgotten(): void {
    this.failures.push('forgotten');
  }

  /** Sends everything, with a new producer after a failure, and now and then for no reason. */
  async send(): Promise<void> {
    while (this.confirmedTexts.length < this.#messages.length) {
      this.#ended = deferred();
      const left = this.#messages.slice(this.confirmedTexts.length);
      const last = this.#messages[this.confirmedTexts.length - 1]?.recordSequence ?? -1;
      const producer = await this.#open(last + 1);
      if (producer !== undefined) {
        await this.#sendThrough(producer, left);
        this.#closing = true;
        await producer.close(2000);
        this.#closing = false;
      }
    }
  }

  async #open(firstId: number): Promise<Producer<OutgoingMessage> | undefined> {
    const sequencing = {
      producerName: 'shard-7',
      firstId,
      enablesDeduplication: false,
      partitions: async () => 0,
      repartition: async () => undefined,
      abandon: async () => undefined,
      reached: async () => undefined,
    };
    try {
      return await this.#transport.createProducer({ topic: 'orders', sequencing, listener: this });
    } catch (error) {
      this.failures.push((error as ConnectorError).code);
      return undefined;
    }
  }

  async #sendThrough(producer: Producer<OutgoingMessage>, left: readonly OutgoingMessage[]): Promise<void> {
    for (const one of left) {
      producer.send(one);
      const dice = this.#random.next();
      if (dice < 0.15) {
        await Promise.race([sleep(this.clock, this.#random.next() * 60), this.#ended.promise]);
      } else if (dice < 0.3) {
        producer.flush();
      } else if (dice < 0.31) {
        return;
      }
    }
    await this.#ended.promise;
  }
}

const FAULTS: { readonly [fault: string]: (broker: ModelBroker) => void } = {
  cut: (broker) => broker.cutSoon(),
  cutAll: (broker) => broker.cutAll(),
  loseReceipt: (broker) => void broker.lostReceipts++,
  failWrite: (broker) => broker.failOneWrite(),
  unload: (broker) => broker.unloadOne(),
  restart: (broker) => broker.restart(300),
};

/** What a producer may end with, to be followed by another. */
const RETRYABLE = ['PULSAR_SEND_FAILED', 'PULSAR_SEND_TIMEOUT', 'PULSAR_UNAVAILABLE', 'PULSAR_BUSY'];

test('whatever a broker does, each message that brings its id is stored once, in order, and then confirmed', async () => {
  const fault = fc.record({
    at: fc.integer({ min: 0, max: 3000 }),
    what: fc.constantFrom(...Object.keys(FAULTS)),
  });
  await fc.assert(
    fc.asyncProperty(
      fc.nat(),
      fc.constantFrom(1, 3, 10, 100),
      fc.array(fault, { maxLength: 25 }),
      async (seed, batchingMaxMessages, faults) => {
        const voyage = new Voyage(seed, batchingMaxMessages);
        for (const { at, what } of faults) {
          voyage.clock.setTimer(() => FAULTS[what]?.(voyage.broker), at);
        }
        await voyage.clock.run(voyage.send(), 600_000);
        expect(voyage.failures.filter((code) => !RETRYABLE.includes(code))).toEqual([]);
        expect(voyage.stored).toEqual(voyage.texts);
        expect(voyage.confirmedTexts).toEqual(voyage.texts);
      },
    ),
    { numRuns: 40 },
  );
});
