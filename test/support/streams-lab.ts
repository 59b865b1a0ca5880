import type { LeasedStream } from '../../src/lease/leased-stream';
import { LeaseLab, type Row, STREAM, type TestWorker, type TestWorkerOptions } from './lease-lab';
import { leasedStream } from './leased-stream';

export const [ZERO, ONE, TWO] = [0, 1, 2].map((n) => `shardId-00000000000${n}`) as [string, string, string];

/** Several streams, one lease table, and workers of ours over all of them, on one virtual clock. */
export class StreamsLab extends LeaseLab {
  /** @param shards of each stream, by name; STREAM among them */
  constructor(shards: { readonly [STREAM]: number; readonly [name: string]: number }) {
    super(shards[STREAM]);
    for (const [name, count] of Object.entries(shards)) {
      if (name !== STREAM) {
        this.create(name, count);
      }
    }
  }

  create(name: string, shards: number): void {
    this.kinesis.model.call('CreateStream', { StreamName: name, ShardCount: shards });
  }

  delete(name: string): void {
    this.kinesis.model.call('DeleteStream', { StreamName: name });
  }

  /** One of several. */
  stream(name: string, overrides: Partial<LeasedStream> = {}): LeasedStream {
    return leasedStream(this.kinesis, name, { ...overrides, several: true });
  }

  /** How rows name the stream. */
  idOf(name: string): string {
    const { StreamDescriptionSummary } = this.kinesis.model.call('DescribeStreamSummary', {
      StreamName: name,
    });
    return `000000000000:${name}:${Math.floor(StreamDescriptionSummary.StreamCreationTimestamp)}`;
  }

  /** A worker that reads the streams of these names. */
  reader(worker: string, names: readonly string[], options: TestWorkerOptions = {}): TestWorker {
    return this.worker(worker, {
      layout: 'SEVERAL_STREAMS',
      label: '*',
      streams: names.map((name) => this.stream(name)),
      ...options,
    });
  }

  rowsOf(name: string): Row[] {
    return this.rows().filter(({ leaseKey }) => String(leaseKey).startsWith(`${this.idOf(name)}:`));
  }
}
