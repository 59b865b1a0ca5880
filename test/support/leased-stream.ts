import type { LeasedStream } from '../../src/lease/leased-stream';
import { silentLogger } from '../../src/util/logger';

/** A stream that has to be there, the only one of its source unless told otherwise. */
export function leasedStream(
  kinesis: LeasedStream['kinesis'],
  name: string,
  overrides: Partial<LeasedStream> & { readonly several?: boolean } = {},
): LeasedStream {
  const { several = false, ...fields } = overrides;
  return {
    ref: { name },
    label: name,
    logger: silentLogger,
    kinesis,
    found: false,
    nameOf: (shardId) => (several ? `${name}/${shardId}` : shardId),
    isGone: () => false,
    ...fields,
  };
}
