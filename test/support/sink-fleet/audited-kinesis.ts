import type { KinesisPutApi, PutEntry } from '../../../src/aws/kinesis-api';
import { isConnectorError } from '../../../src/errors';
import { throwIfAborted } from '../../../src/util/abort';
import type { Clock } from '../../../src/util/clock';
import type { SimulatedProcess } from '../simulated-process';
import { userRecords } from '../user-records';
import type { NumberedMessages } from './numbered-messages';
import type { ProcessGate } from './process-gate';
import type { Landing } from './put-attempt';
import type { PutStorm } from './put-storm';
import type { AuditedMessage, SinkAudit } from './sink-audit';
import type { SinkSettings } from './sink-settings';
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
  /** Bounds of frames; none may be sent when absent. */
  readonly aggregation: SinkSettings['aggregation'];
  /** Percent of the limits of a shard. */
  readonly rateLimit: number;
}

/** Kinesis as one process reaches it; the audit learns everything. */
export class AuditedKinesis implements KinesisPutApi {
  readonly describeStream: KinesisPutApi['describeStream'];
  readonly #parts: AuditedKinesisParts;
  readonly #list: KinesisPutApi['listShards'];
  readonly #rate: WriteRateAudit;
  /** Sent again because something in their request was invalid: such entries take no tokens, and go as they were. */
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
    const sent = entries.map((entry) => userRecords(entry).map((record) => messages.ofEntry(record)));
    const attempt = tenure.asks(entries, sent, (place, shardId) =>
      this.#landing(entries[place] as PutEntry, shardId),
    );
    options?.signal?.addEventListener('abort', () => {
      attempt.failed(isConnectorError(options.signal?.reason, 'AWS_TIMEOUT'));
    });
    for (const [place, together] of sent.entries()) {
      this.#check(entries[place] as PutEntry, together);
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
        for (const message of sent.flat()) {
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

  /** The sink may know that a shard is new for a moment before it has taken that in. */
  #landing(entry: PutEntry, shardId: string): Landing {
    const { stream, clock } = this.#parts;
    if (!stream.delivers(entry, shardId)) {
      return 'wrong';
    }
    const single = userRecords(entry).length === 1;
    return single || this.#rate.isSettled(shardId, clock.monotonic()) ? 'right' : 'unknown';
  }

  #check(entry: PutEntry, together: readonly AuditedMessage[]): void {
    const { audit, tenure, messages, stream, clock, rateLimit } = this.#parts;
    const records = userRecords(entry);
    for (const [place, message] of together.entries()) {
      if (!messages.isExact(records[place] as PutEntry, message)) {
        audit.broken(`G7 ${tenure.name} altered message ${message.index}`, message);
      }
    }
    if (together.filter((message) => this.#isolated.delete(message)).length > 0) {
      return;
    }
    if (records.length > 1) {
      this.#checkFrame(entry, records);
    }
    const shardId = stream.shardOf(entry);
    const size = entry.data.byteLength + entry.partitionKey.length;
    if (!this.#rate.take(shardId, size, clock.monotonic())) {
      audit.broken(`${tenure.name} writes to ${shardId} faster than ${rateLimit} %`);
    }
  }

  #checkFrame(entry: PutEntry, records: readonly PutEntry[]): void {
    const { audit, tenure, stream, clock, aggregation } = this.#parts;
    const size = entry.data.byteLength + entry.partitionKey.length;
    const { maxSize, maxCount } = aggregation ?? { maxSize: 0, maxCount: 0 };
    if (size > maxSize || records.length > maxCount) {
      audit.broken(`${tenure.name} sends a frame of ${records.length} records, ${size} bytes`);
    }
    const shards = [...new Set(records.map((record) => stream.shardOf(record)))];
    if (shards.length > 1 && shards.every((shardId) => this.#rate.isSettled(shardId, clock.monotonic()))) {
      audit.broken(`${tenure.name} sends a frame with records of ${shards.length} shards`);
    }
  }
}
