export interface HotKeySettings {
  /** Address of the service. */
  readonly kinesis: string;
  readonly shards: number;
  readonly recordBytes: number;
  /** What each shard but the first is offered; the hot key, alone on the first, gets as much as they together. */
  readonly recordsPerSecond: number;
  readonly configs: { readonly [option: string]: unknown };
}

/** Bytes of every key. */
export const KEY_BYTES = 8;
