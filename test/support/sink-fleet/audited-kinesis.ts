import type { KinesisPutApi, PutEntry } from '../../../src/aws/kinesis-api';
import { isConnectorError } from '../../../src/errors';
import { throwIfAborted } from '../../../src/util/abort';
import type { Clock } from '../../../src/util/clock';
import type { SimulatedProcess } from '../simulated-process';
import type { NumberedMessages } from './numbered-messages';
import type { ProcessGate } from './process-gate';
import type { PutStorm } from './put-storm';
import type { AuditedMessage, SinkAudit } from './sink-audit';
import type { SinkStream } from './sink-stream';
import type { SinkTenure } from './sink-tenure';
import { WriteRateAudit } from './write-rate-audit';

/** A sink lists the shards within this time after a record landed on one it does not know, milliseconds. */
const RELIST_MS = 7000;

export interface AuditedKinesisParts {
  readonly stream: SinkStream;
  readonly storm: PutStorm;
  readonly process: SimulatedProcess;
  readonly gate: ProcessGate;
  readonly audit: SinkAudit;
  readonly tenure: SinkTenure;
  readonly messages: NumberedMessages;
  readonly clock: Clock;
  /** Percent of the limits of a shard. */
  readonly rateLimit: number;
}

/** Kinesis as one process reaches it; the audit learns everything. */
export class AuditedKinesis implements KinesisPutApi {
  readonly describeStream: KinesisPutApi['describeStream'];
  readonly #parts: AuditedKinesisParts;
  readonly #list: KinesisPutApi['listShards'];
  readonly #rate: WriteRateAudit;
  /** Sent again because something in their request was invalid: such entries take no tokens. */
  readonly #isolated = new Set<AuditedMessage>();
  /** Since when the process knows that its listing of the shards is out of date. */
  #staleSince: number | undefined;

  constructor(parts: AuditedKinesisParts) {
    const { process, stream, rateLimit } = parts;
    const { describeStream, listShards } = process.kinesis(stream.kinesis);
    const { gate } = parts;
    this.describeStream = async (...args) => {
      await gate.passed('DescribeStream leaves');
      const description = await describeStream(...args);
      await gate.passed('DescribeStream answers');
      return description;
    };
    this.#list = listShards;
    this.#parts = parts;
    this.#rate = new WriteRateAudit(rateLimit);
  }

  readonly listShards: KinesisPutApi['listShards'] = async (stream, query, options) => {
    const { gate } = this.#parts;
    this.forgive();
    await gate.passed('ListShards leaves');
    const page = await this.#list(stream, query, options);
    await gate.passed('ListShards answers');
    if (options?.signal?.aborted !== true) {
      const shardIds = page.shards.map(({ shardId }) => shardId);
      this.#rate.knows(shardIds, this.#parts.clock.monotonic());
      this.#staleSince = undefined;
    }
    return page;
  };

  readonly putRecords: KinesisPutApi['putRecords'] = async (stream, entries, options) => {
    const { tenure, messages, storm, process, gate, clock } = this.#parts;
    if (process.killed) {
      await process.running();
    }
    const sent = entries.map((entry) => messages.ofEntry(entry));
    const attempt = tenure.asks(entries, sent);
    options?.signal?.addEventListener('abort', () => {
      attempt.failed(isConnectorError(options.signal?.reason, 'AWS_TIMEOUT'));
    });
    for (const [place, message] of sent.entries()) {
      this.#check(entries[place] as PutEntry, message);
    }
    await gate.passed('PutRecords leaves');
    throwIfAborted(options?.signal);
    try {
      const results = await storm.put(gate, stream, entries, attempt);
      const unknown = results.some((result) => result.accepted && !this.#rate.has(result.shardId));
      if (unknown && options?.signal?.aborted !== true) {
        this.#staleSince ??= clock.monotonic();
      }
      return results;
    } catch (error) {
      if (isConnectorError(error, 'AWS_REQUEST_REFUSED')) {
        for (const message of sent) {
          this.#isolated.add(message);
        }
      }
      throw error;
    }
  };

  /** The time to list the shards begins anew. */
  forgive(): void {
    this.#staleSince &&= this.#parts.clock.monotonic();
  }

  /** What has to be seen now and then. */
  look(): void {
    const { clock, audit, tenure } = this.#parts;
    if (this.#staleSince !== undefined && clock.monotonic() - this.#staleSince > RELIST_MS) {
      audit.broken(`${tenure.name} has not listed the shards since a record landed on an unknown one`);
      this.#staleSince = undefined;
    }
  }

  close(): void {}

  #check(entry: PutEntry, message: AuditedMessage): void {
    const { audit, tenure, messages, stream, clock, rateLimit } = this.#parts;
    if (!messages.isExact(entry, message)) {
      audit.broken(`G7 ${tenure.name} altered message ${message.index}`, message);
    }
    if (this.#isolated.delete(message)) {
      return;
    }
    const shardId = stream.shardOf(entry);
    const size = entry.data.byteLength + entry.partitionKey.length;
    if (!this.#rate.take(shardId, size, clock.monotonic())) {
      audit.broken(`${tenure.name} writes to ${shardId} faster than ${rateLimit} %`);
    }
  }
}
