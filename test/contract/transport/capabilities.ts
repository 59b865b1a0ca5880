/** Transports that the suite runs on. `pulsar-client` where it can be loaded. */
export type TransportName = 'binary' | 'websocket' | 'pulsar-client' | 'memory';

type Row = { readonly text: string } & { readonly [T in TransportName]: boolean };

const row = (text: string, able: readonly TransportName[]): Row => ({
  text,
  binary: able.includes('binary'),
  websocket: able.includes('websocket'),
  'pulsar-client': able.includes('pulsar-client'),
  memory: able.includes('memory'),
});

/**
 * What not every transport can do; everything else in the suite all of them do. docs/pulsar.md has the same table.
 * Scenarios of what a transport cannot do are not run on it, or show how it refuses.
 */
export const CAPABILITIES = {
  effectivelyOnce: row('EFFECTIVELY_ONCE', ['binary', 'pulsar-client', 'memory']),
  sequencedBatches: row('batches under EFFECTIVELY_ONCE', ['binary', 'memory']),
  chunks: row('messages above the size limit, in chunks', ['binary', 'pulsar-client', 'memory']),
  schemas: row('registers a schema (`outputFormat` string, json)', ['binary', 'pulsar-client', 'memory']),
  flush: row('a drain does not wait for a batch to fill', ['binary', 'pulsar-client', 'memory']),
  lateRefusal: row('asks before bytes leave whether the lease still holds', [
    'binary',
    'websocket',
    'memory',
  ]),
  patterns: row('reads the topics that match a pattern (`topicsPattern`)', ['binary', 'memory']),
  readSchemas: row('reads the schema of a message', ['binary', 'memory']),
  nullValues: row('tells a null value from an empty one', ['binary', 'memory']),
  binaryKeys: row('reads a key of bytes as such', ['binary', 'memory']),
  noCopiesInHand: row('hands out nothing again that is in hand, after a reconnect', [
    'binary',
    'websocket',
    'memory',
  ]),
  caughtUp: row('knows that a subscription is read to its end', ['binary', 'websocket', 'memory']),
  exactRedelivery: row('redelivers no sooner than asked for', ['binary', 'websocket', 'memory']),
} as const;

export type Capability = keyof typeof CAPABILITIES;
