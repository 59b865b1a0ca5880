import { ConnectorError } from '../../../src/errors';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import { decompressionReady } from '../../../src/pulsar/protocol/decompression';
import { ProtocolError } from '../../../src/pulsar/protocol/protocol-error';
import type { Consumer, OutgoingMessage, Producer } from '../../../src/pulsar/transport';
import { silentLogger } from '../../../src/util/logger';
import { seededRandom } from '../../../src/util/random';
import { drained, ManualClock } from '../../support/manual-clock';
import { encodeSingle } from '../../support/message-codec';
import { PRODUCER, pulsarSettings } from '../../support/transport-settings';
import { Dice } from './dice';
import { LyingBroker } from './lying-broker';
import { entriesReady } from './lying-entries';

/** Milliseconds of virtual time in which it lies, and in which everything must have come to an end after that. */
const LYING_MS = 300;
const HEALED_MS = 900_000;

/** Milliseconds that no case needs, however busy the machine is. */
const HANG_MS = 10_000;

/** Bytes a case may take: a few entries of the largest size that is believed, and what was not collected yet. */
const MOST_BYTES = 512 * 1024 * 1024;

const MESSAGES = 12;

/** What became of the cases. */
export interface PulsarTally {
  /** What the brokers said that they should not. */
  lies: number;
  /** Messages that were confirmed, and refused for themselves. */
  confirmed: number;
  rejected: number;
  received: number;
  /** Ends of producers and consumers, by code. */
  readonly ended: { [code: string]: number };
}

export function newPulsarTally(): PulsarTally {
  return { lies: 0, confirmed: 0, rejected: 0, received: 0, ended: {} };
}

/** Resolves once `fuzzPulsar` may be called. */
export async function pulsarReady(): Promise<void> {
  await Promise.all([decompressionReady(), entriesReady()]);
}

/**
 * One client with a producer and a consumer, whose broker lies for a while, as follows from `seed`. When it does not
 * any more, each message is confirmed or refused and each entry acknowledged, or the producer or consumer has ended
 * with a code.
 * @throws Error: something was broken
 */
export async function fuzzPulsar(seed: number, tally: PulsarTally): Promise<void> {
  const startedAt = performance.now();
  const before = memory();
  const stray: unknown[] = [];
  const onStray = (reason: unknown): number => stray.push(reason);
  process.on('unhandledRejection', onStray);
  try {
    await new PulsarCase(seed, tally).run();
    // Promises that nobody looks at are told of behind all others.
    await new Promise((resolve) => setImmediate(resolve));
  } finally {
    process.off('unhandledRejection', onStray);
  }
  ensure(stray.length === 0, `a rejection that nobody handles: ${describe(stray[0])}`);
  const grown = memory() - before;
  ensure(grown < MOST_BYTES, `${grown} bytes`);
  const took = performance.now() - startedAt;
  ensure(took < HANG_MS, `${Math.round(took)} ms`);
}

class PulsarCase {
  readonly #clock = new ManualClock(undefined, drained);
  readonly #dice: Dice;
  readonly #tally: PulsarTally;
  readonly #lying: LyingBroker;
  readonly #transport: BinaryTransport;
  #sent = 0;
  #settled = 0;
  #producerEnded = false;
  #consumerEnded = false;
  #problem: unknown;

  constructor(seed: number, tally: PulsarTally) {
    const dice = new Dice(seededRandom(seed));
    this.#dice = dice;
    this.#tally = tally;
    this.#lying = new LyingBroker(seed + 1, this.#clock);
    this.#transport = new BinaryTransport(
      pulsarSettings('pulsar://broker:6650'),
      {
        ...PRODUCER,
        batchingEnabled: dice.once(2),
        batchingMaxMessages: 4,
        compressionType: dice.of(['NONE', 'LZ4', 'ZLIB', 'ZSTD', 'SNAPPY']),
        chunkingEnabled: dice.once(2),
        maxPendingMessages: 1_000_000,
      },
      {
        clock: this.#clock,
        random: seededRandom(seed + 2),
        logger: silentLogger,
        connect: () => this.#lying.connect().asSocket,
      },
    );
  }

  async run(): Promise<void> {
    this.#watch(this.#produce());
    this.#watch(this.#consume());
    for (let lies = 1 + this.#dice.below(this.#dice.of([3, 6, 40])); lies > 0; lies--) {
      this.#clock.setTimer(() => this.#lying.lie(), this.#dice.below(LYING_MS));
    }
    await this.#clock.advance(LYING_MS);
    this.#lying.reform();
    const topic = this.#lying.broker.consumers.topic('in');
    topic.append(encodeSingle({ value: Buffer.from('probe') }));
    await this.#untilHealed();
    await this.#clock.run(this.#transport.close(1000));
    this.#tally.lies += this.#lying.told;
    ensure(this.#problem === undefined, describe(this.#problem));
  }

  async #untilHealed(): Promise<void> {
    for (const until = this.#clock.monotonic() + HEALED_MS; !this.#healed; ) {
      ensure(this.#problem === undefined, describe(this.#problem));
      const left = `${this.#sent - this.#settled} messages unconfirmed, ${this.#unacknowledged} entries unacknowledged`;
      ensure(this.#clock.monotonic() < until, `a hang: ${left}`);
      ensure(await this.#clock.step(), `nothing goes on: ${left}`);
    }
  }

  get #healed(): boolean {
    const produced = this.#producerEnded || (this.#sent === MESSAGES && this.#settled >= this.#sent);
    return produced && (this.#consumerEnded || this.#unacknowledged === 0);
  }

  get #unacknowledged(): number {
    const { entries, subscriptions } = this.#lying.broker.consumers.topic('in');
    const acknowledged = subscriptions.get('fuzz')?.acknowledged.size ?? 0;
    return entries.length - acknowledged;
  }

  async #produce(): Promise<void> {
    let producer: Producer<OutgoingMessage>;
    try {
      producer = await this.#transport.createProducer<OutgoingMessage>({
        topic: 'out',
        listener: {
          confirmed: () => {
            this.#settled++;
            this.#tally.confirmed++;
          },
          rejected: (_message, error) => {
            this.#coded(error);
            this.#settled++;
            this.#tally.rejected++;
          },
          failed: (error) => {
            this.#ended(error);
            this.#producerEnded = true;
          },
          drained: () => undefined,
        },
      });
    } catch (error) {
      this.#ended(error);
      this.#producerEnded = true;
      return;
    }
    const send = (): void => {
      this.#sent++;
      producer.send(this.#message());
      if (this.#sent < MESSAGES) {
        this.#clock.setTimer(send, this.#dice.below(30));
      }
    };
    send();
  }

  #message(): OutgoingMessage {
    const dice = this.#dice;
    return {
      key: dice.once(2) ? undefined : dice.text(10),
      value: dice.bytes(dice.once(20) ? 5000 : dice.below(50)),
      eventTime: undefined,
      properties: dice.once(2) ? {} : { [dice.text(5)]: dice.text(5) },
    };
  }

  async #consume(): Promise<void> {
    try {
      const consumer: Consumer = await this.#transport.subscribe({
        topic: 'in',
        subscription: 'fuzz',
        subscriptionType: this.#dice.of(['Exclusive', 'Shared', 'Failover', 'Key_Shared']),
        initialPosition: 'earliest',
        receiverQueueSize: 4,
        receiverQueueBytes: 1024 * 1024,
        negativeAckRedeliveryDelayMs: 100,
      });
      for (;;) {
        for (const message of await consumer.receive(5)) {
          this.#tally.received++;
          // What is read late must not break either.
          void [message.properties, message.encryption, message.id];
          if (this.#dice.once(10)) {
            consumer.negativeAcknowledge(message);
          } else {
            consumer.acknowledge(message);
          }
        }
      }
    } catch (error) {
      this.#ended(error);
      this.#consumerEnded = true;
    }
  }

  #ended(error: unknown): void {
    this.#coded(error);
    const code = error instanceof ConnectorError ? error.code : 'none';
    this.#tally.ended[code] = (this.#tally.ended[code] ?? 0) + 1;
  }

  /** An error that nobody foresaw is a defect. */
  #coded(error: unknown): void {
    if (!(error instanceof ConnectorError)) {
      this.#problem ??= error;
      return;
    }
    // What cannot be read is cut off or runs over its end, in whatever words; anything else has a reason of its own.
    const { cause } = error;
    const reason = cause instanceof ProtocolError && cause.kind !== 'unreadable' ? cause.cause : undefined;
    if (reason instanceof TypeError || reason instanceof RangeError || cause instanceof TypeError) {
      this.#problem ??= error;
    }
  }

  #watch(work: Promise<void>): void {
    work.catch((error) => {
      this.#problem ??= error;
    });
  }
}

function describe(problem: unknown): string {
  if (!(problem instanceof Error)) {
    return String(problem);
  }
  const cause = problem.cause === undefined ? '' : `\ncaused by ${describe(problem.cause)}`;
  return `${problem.stack ?? problem.message}${cause}`;
}

function memory(): number {
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

function ensure(holds: boolean, problem: string): asserts holds {
  if (!holds) {
    throw new Error(problem);
  }
}
