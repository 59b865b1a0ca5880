import { throwIfAborted } from '../util/abort';
import type { KinesisApi, ListedStream } from './kinesis-api';

export type { ListedStream } from './kinesis-api';

/** All streams of the region and account of `kinesis`. One attempt a page. @throws ConnectorError */
export async function listAllStreams(
  kinesis: Pick<KinesisApi, 'listStreams'>,
  signal: AbortSignal,
): Promise<ListedStream[]> {
  const streams: ListedStream[] = [];
  for (let more = true; more; ) {
    const after = streams.at(-1)?.name;
    const page = await kinesis.listStreams(after === undefined ? {} : { after }, { signal });
    throwIfAborted(signal);
    streams.push(...page.streams);
    more = page.more;
  }
  return streams;
}
