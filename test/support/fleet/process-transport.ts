import type {
  OutgoingMessage,
  Producer,
  ProducerListener,
  ProducerOptions,
  ProducerTransport,
} from '../../../src/pulsar/transport';
import type { SimulatedProcess } from '../simulated-process';
import type { Lane } from './claim';
import type { LaneAudit } from './lane-audit';
import type { PutRecord } from './record-audit';

export interface ProcessTransportParts {
  readonly worker: string;
  readonly process: SimulatedProcess;
  readonly inner: ProducerTransport;
  readonly audit: LaneAudit;
  recordOf(message: OutgoingMessage): PutRecord;
  sent(record: PutRecord): void;
  confirmed(record: PutRecord): void;
  /** Remembers who has sent `message`. */
  leaves(message: OutgoingMessage, lane: Lane): void;
}

/**
 * The transport as one process has it: receipts reach a process that stands still when it goes on, in their order,
 * and never one that was killed.
 */
export class ProcessTransport implements ProducerTransport {
  readonly #parts: ProcessTransportParts;
  #waiting: Promise<void> | undefined;
  #receipts: (() => void)[] = [];

  constructor(parts: ProcessTransportParts) {
    this.#parts = parts;
  }

  get chunks(): boolean {
    return this.#parts.inner.chunks;
  }

  get sequences(): boolean {
    return this.#parts.inner.sequences;
  }

  get maxMessageBytes(): number | undefined {
    return this.#parts.inner.maxMessageBytes;
  }

  async createProducer<M extends OutgoingMessage>(options: ProducerOptions<M>): Promise<Producer<M>> {
    const { worker, process, inner, audit, recordOf, sent, confirmed, leaves } = this.#parts;
    const { listener } = options;
    const lane = audit.opened(worker, listener);
    const heard: ProducerListener<M> = {
      confirmed: (message, duplicate) => {
        const record = recordOf(message);
        this.#deliver(() => {
          audit.confirmed(lane, record);
          confirmed(record);
          listener.confirmed(message, duplicate);
        });
      },
      rejected: (message, error) => this.#deliver(() => listener.rejected(message, error)),
      failed: (error) => this.#deliver(() => listener.failed(error)),
      drained: () => this.#deliver(() => listener.drained()),
    };
    await process.running();
    const producer = await inner.createProducer<M>({ ...options, listener: heard });
    lane.closed = false;
    return {
      topic: producer.topic,
      partitions: producer.partitions,
      get writable() {
        return producer.writable;
      },
      send: (message) => {
        if (!process.killed) {
          leaves(message, lane);
          if (options.mayStillSend?.() !== false) {
            const record = recordOf(message);
            audit.sent(lane, record);
            sent(record);
          }
          producer.send(message);
        }
      },
      flush: () => producer.flush(),
      close: async (deadlineMs) => {
        lane.closed = true;
        await process.running();
        await producer.close(deadlineMs);
        await process.running();
      },
    };
  }

  async close(deadlineMs: number): Promise<void> {
    await this.#parts.process.running();
    await this.#parts.inner.close(deadlineMs);
    await this.#parts.process.running();
  }

  #deliver(receipt: () => void): void {
    const { process } = this.#parts;
    if (process.killed) {
      return;
    }
    if (process.runs && this.#waiting === undefined) {
      receipt();
      return;
    }
    this.#receipts.push(receipt);
    this.#waiting ??= process.running().then(() => {
      this.#waiting = undefined;
      for (const held of this.#receipts.splice(0)) {
        held();
      }
    });
  }
}
