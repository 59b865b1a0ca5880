import type { StreamDescription } from '../aws/kinesis-api';

/**
 * A stream as rows of a table of several streams name it: `account:name:creation`, the creation in seconds since the
 * epoch, so that a stream made anew under its name is another one. Source: KCL `StreamIdentifier.serialize`.
 */
export type StreamId = string;

export function streamIdOf({ arn, name, createdAt }: StreamDescription): StreamId {
  const account = arn.split(':')[4];
  return `${account}:${name}:${Math.floor(createdAt / 1000)}`;
}

/** The same with the region, `account:region:name:creation`: no other stream is ever called that. */
export function streamIdentityOf({ arn, name, createdAt }: StreamDescription): string {
  const [, , , region, account] = arn.split(':');
  return `${account}:${region}:${name}:${Math.floor(createdAt / 1000)}`;
}

/** Key of the row of a shard. @param stream undefined in a table of one stream */
export function leaseKey(stream: StreamId | undefined, shardId: string): string {
  return stream === undefined ? shardId : `${stream}:${shardId}`;
}

/** Whether `other` names a stream of the same account and name that was created at another time. */
export function isNamesake(stream: StreamId, other: StreamId): boolean {
  const withoutCreation = (id: StreamId): string => id.slice(0, id.lastIndexOf(':'));
  return stream !== other && withoutCreation(stream) === withoutCreation(other);
}
