import {
  CreateStreamCommand,
  DescribeStreamConsumerCommand,
  DescribeStreamSummaryCommand,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  KinesisClient,
  ListShardsCommand,
  type ListShardsCommandInput,
  MergeShardsCommand,
  PutRecordCommand,
  RegisterStreamConsumerCommand,
  type Shard,
  SplitShardCommand,
  type StartingPosition,
  SubscribeToShardCommand,
  type SubscribeToShardEvent,
  UpdateShardCountCommand,
  type UpdateShardCountCommandOutput,
} from '@aws-sdk/client-kinesis';
import { NodeHttpHandler } from '@smithy/node-http-handler';
import type { KinesisPutApi } from '../../../src/aws/kinesis-api';
import { createKinesisPutApi } from '../../../src/aws/kinesis-put-client';
import { sleep, systemClock } from '../../../src/util/clock';
import { Gate } from '../../../src/util/gate';
import { awsSettings } from '../../support/aws-settings';

const TEXT = new TextDecoder();

/** How long an emulator may take for a change it was asked for, milliseconds. */
const PATIENCE = 10_000;

export interface PutReceipt {
  readonly shardId: string;
  readonly sequenceNumber: string;
}

/** The AWS SDK against one emulator, with the few steps that every scenario takes. */
export class Lab {
  readonly client: KinesisClient;
  /** Our own client of writes. */
  readonly writer: KinesisPutApi & { close(): void };
  readonly #handler = new NodeHttpHandler({ requestTimeout: 20_000, throwOnRequestTimeout: true });
  /** Emulators refuse calls that make something when several come at once. */
  readonly #making = new Gate(1);
  #streams = 0;

  constructor(endpoint: string) {
    this.client = new KinesisClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'example' },
      requestHandler: this.#handler,
      maxAttempts: 1,
    });
    this.writer = createKinesisPutApi(awsSettings(endpoint), { clock: systemClock });
  }

  close(): void {
    this.client.destroy();
    this.writer.close();
  }

  newName(): string {
    this.#streams++;
    return `stream-${this.#streams}`;
  }

  /** A new stream that is ACTIVE. */
  async stream(shards: number, StreamName = this.newName()): Promise<string> {
    await this.#making.run(async () => {
      await this.client.send(new CreateStreamCommand({ StreamName, ShardCount: shards }));
      await this.settled(StreamName);
    });
    return StreamName;
  }

  /** Resolves when a change of the stream is done. */
  async settled(StreamName: string): Promise<void> {
    await eventually(async () => {
      const answer = await this.client.send(new DescribeStreamSummaryCommand({ StreamName }));
      return answer.StreamDescriptionSummary?.StreamStatus === 'ACTIVE';
    });
  }

  async split(StreamName: string, shard: number, hash: bigint): Promise<void> {
    const NewStartingHashKey = hash.toString();
    await this.client.send(
      new SplitShardCommand({ StreamName, ShardToSplit: shardId(shard), NewStartingHashKey }),
    );
    await this.settled(StreamName);
  }

  async merge(StreamName: string, shard: number, adjacent: number): Promise<void> {
    await this.client.send(
      new MergeShardsCommand({
        StreamName,
        ShardToMerge: shardId(shard),
        AdjacentShardToMerge: shardId(adjacent),
      }),
    );
    await this.settled(StreamName);
  }

  async scale(StreamName: string, TargetShardCount: number): Promise<UpdateShardCountCommandOutput> {
    const answer = await this.client.send(
      new UpdateShardCountCommand({ StreamName, TargetShardCount, ScalingType: 'UNIFORM_SCALING' }),
    );
    await this.settled(StreamName);
    return answer;
  }

  async put(
    StreamName: string,
    text: string,
    where: { readonly key?: string; readonly hash?: string } = {},
  ): Promise<PutReceipt> {
    const answer = await this.client.send(
      new PutRecordCommand({
        StreamName,
        Data: Buffer.from(text),
        PartitionKey: where.key ?? 'key',
        ...(where.hash !== undefined && { ExplicitHashKey: where.hash }),
      }),
    );
    return { shardId: answer.ShardId ?? '', sequenceNumber: answer.SequenceNumber ?? '' };
  }

  async shards(StreamName: string, query: Omit<ListShardsCommandInput, 'StreamName'> = {}): Promise<Shard[]> {
    const answer = await this.client.send(new ListShardsCommand({ StreamName, ...query }));
    return answer.Shards ?? [];
  }

  async iterator(
    StreamName: string,
    position: Omit<GetShardIteratorCommandInput, 'StreamName' | 'ShardId'> & { readonly ShardId?: string },
  ): Promise<string> {
    const answer = await this.client.send(
      new GetShardIteratorCommand({ StreamName, ShardId: shardId(0), ...position }),
    );
    return answer.ShardIterator ?? '';
  }

  get(ShardIterator: string, Limit?: number): Promise<GetRecordsCommandOutput> {
    return this.client.send(new GetRecordsCommand({ ShardIterator, ...(Limit !== undefined && { Limit }) }));
  }

  /** Reads until the tip, or the end of a closed shard; the last answer is the one that said so. */
  async drain(iterator: string): Promise<{ texts: string[]; last: GetRecordsCommandOutput }> {
    const texts: string[] = [];
    for (let next = iterator; ; ) {
      const answer = await this.get(next);
      texts.push(...textsOf(answer));
      if (answer.NextShardIterator === undefined || isAtTip(answer)) {
        return { texts, last: answer };
      }
      next = answer.NextShardIterator;
    }
  }

  /** Texts from a position to the tip or the end. */
  async read(StreamName: string, position: Parameters<Lab['iterator']>[1]): Promise<string[]> {
    return (await this.drain(await this.iterator(StreamName, position))).texts;
  }

  async arn(StreamName: string): Promise<string> {
    const answer = await this.client.send(new DescribeStreamSummaryCommand({ StreamName }));
    return answer.StreamDescriptionSummary?.StreamARN ?? '';
  }

  /** A new consumer that is ACTIVE. @returns its ARN */
  async consumer(StreamName: string, ConsumerName = 'app'): Promise<string> {
    const StreamARN = await this.arn(StreamName);
    return this.#making.run(async () => {
      const made = await this.client.send(new RegisterStreamConsumerCommand({ StreamARN, ConsumerName }));
      await eventually(async () => {
        const answer = await this.client.send(new DescribeStreamConsumerCommand({ StreamARN, ConsumerName }));
        return answer.ConsumerDescription?.ConsumerStatus === 'ACTIVE';
      });
      return made.Consumer?.ConsumerARN ?? '';
    });
  }

  /** Events of a subscription, until `enough` is true of one, or they end. */
  async events(
    ConsumerARN: string,
    StartingPosition: StartingPosition,
    enough: (event: SubscribeToShardEvent) => boolean | Promise<boolean>,
    ShardId = shardId(0),
  ): Promise<SubscribeToShardEvent[]> {
    const answer = await this.client.send(
      new SubscribeToShardCommand({ ConsumerARN, ShardId, StartingPosition }),
    );
    const events: SubscribeToShardEvent[] = [];
    for await (const { SubscribeToShardEvent: event } of answer.EventStream ?? []) {
      if (event !== undefined) {
        events.push(event);
        if (await enough(event)) {
          break;
        }
      }
    }
    return events;
  }

  /** What a call fails with: the error's name and the HTTP status; `'accepted'` when it does not fail. */
  async failure(call: Promise<unknown>): Promise<string> {
    try {
      await call;
      return 'accepted';
    } catch (error) {
      const { name, $metadata } = error as { name: string; $metadata?: { httpStatusCode?: number } };
      return `${name} ${$metadata?.httpStatusCode ?? '-'}`;
    }
  }
}

/** Nothing came and nothing is left: the answer of an open shard that was read to its tip. */
function isAtTip(answer: GetRecordsCommandOutput): boolean {
  return (answer.Records ?? []).length === 0 && answer.MillisBehindLatest === 0;
}

export function shardId(number: number): string {
  return `shardId-${String(number).padStart(12, '0')}`;
}

export function textsOf(answer: Pick<GetRecordsCommandOutput, 'Records'>): string[] {
  return (answer.Records ?? []).map((record) => TEXT.decode(record.Data));
}

export async function eventually(condition: () => Promise<boolean>): Promise<void> {
  for (const start = systemClock.monotonic(); systemClock.monotonic() - start < PATIENCE; ) {
    if (await condition()) {
      return;
    }
    await sleep(systemClock, 5);
  }
  throw new Error(`not within ${PATIENCE} ms`);
}

/** Resolves once the wall clock shows a later millisecond than `ms`. */
export function after(ms: number): Promise<void> {
  return eventually(async () => systemClock.now() > ms);
}
