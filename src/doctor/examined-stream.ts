import type { KinesisApi, StreamDescription, StreamRef } from '../aws/kinesis-api';
import type { StreamName } from '../config';
import type { Shard } from '../stream/shard';
import type { AwsReach } from './aws-reach';

/** One stream of a connector, and what was found out about it so far. */
export class ExaminedStream {
  readonly ref: StreamRef;
  readonly label: string;
  readonly place: { readonly region?: string; readonly account?: string };
  description: StreamDescription | undefined;
  shards: readonly Shard[] = [];
  /** Of its fan-out consumer, where there is one. */
  consumerArn: string | undefined;

  constructor(
    readonly group: string,
    { name, arn, region, account }: StreamName,
    private readonly reach: AwsReach,
    /** The only shards that are read. */
    readonly shardIds: readonly string[] | undefined = undefined,
  ) {
    this.ref = { name, ...(arn === undefined ? {} : { arn }) };
    this.label = account === undefined ? name : `${account}:${region}:${name}`;
    this.place = {
      ...(region === undefined ? {} : { region }),
      ...(account === undefined ? {} : { account }),
    };
  }

  get kinesis(): KinesisApi {
    return this.reach.kinesis(this.place);
  }

  /** Of one of its checks. */
  key(what: string): string {
    return `${this.group} stream ${this.label} ${what}`;
  }
}
