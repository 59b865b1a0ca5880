import { isConnectorError } from '../errors';
import type { RetrievalBatch, ShardReader } from '../retrieval/retrieval';
import { throwIfAborted } from '../util/abort';
import type { SourceStream } from './source-stream';

const END: RetrievalBatch = { records: [], millisBehindLatest: undefined, end: { childShards: [] } };

/**
 * A reader of a stream that may vanish: then its shards end where reading has come to.
 * @param open makes it, unless the stream has vanished before
 */
export function endingReader(
  stream: Pick<SourceStream, 'isGone' | 'isThere'>,
  open: () => ShardReader,
): ShardReader {
  let reader: ShardReader | undefined;
  return {
    read: async (signal, admit) => {
      // A stream made anew under the name would answer in its place.
      if (stream.isGone()) {
        return END;
      }
      try {
        reader ??= open();
        return await reader.read(signal, admit);
      } catch (error) {
        throwIfAborted(signal);
        const isThere = !isConnectorError(error) || (await stream.isThere(signal).catch(() => true));
        throwIfAborted(signal);
        if (isThere) {
          throw error;
        }
        return END;
      }
    },
    close: () => reader?.close(),
  };
}
