/** What the API calls a message: a `MessageIdData` of PulsarApi.proto in base64. Seen on 4.0.8. */
export interface WebSocketMessageId {
  /** As it came; the same whenever the message comes again. */
  readonly wire: string;
  /** `ledger:entry`, behind it `@partition` in a partitioned topic: what is acknowledged as a whole. */
  readonly entry: string;
  /** `ledger:entry[:index]` */
  readonly text: string;
  /** −1 when the topic is not partitioned. */
  readonly partition: number;
  /** Place in its batch; 0 when it is none. */
  readonly index: number;
  /** Messages of its batch; 1 when it is none. */
  readonly size: number;
}

/** Field numbers of MessageIdData. */
const [LEDGER, ENTRY, PARTITION, BATCH_INDEX, BATCH_SIZE] = [1, 2, 3, 4, 6];
/** A batch cannot have more, whatever an id says: its state is kept here. */
const MAX_BATCH = 1_000_000;

/** @throws Error when it is no such id. */
export function readMessageId(wire: string): WebSocketMessageId {
  const fields = readVarints(Buffer.from(wire, 'base64'));
  const [ledger, entry] = [fields.get(LEDGER), fields.get(ENTRY)];
  if (ledger === undefined || entry === undefined) {
    throw new Error(`'${wire}' is no message id`);
  }
  // An int32 that is −1 stands there as 2^64−1.
  const small = (field: number): number => Number(BigInt.asIntN(32, fields.get(field) ?? -1n));
  const [partition, index, size] = [small(PARTITION), small(BATCH_INDEX), small(BATCH_SIZE)];
  const name = `${BigInt.asIntN(64, ledger)}:${BigInt.asIntN(64, entry)}`;
  const batched = index >= 0 && size > index && size <= MAX_BATCH;
  return {
    wire,
    entry: partition < 0 ? name : `${name}@${partition}`,
    text: batched ? `${name}:${index}` : name,
    partition,
    index: batched ? index : 0,
    size: batched ? size : 1,
  };
}

/** The numbers of a message by field; what is no varint is passed over. */
function readVarints(bytes: Buffer): Map<number, bigint> {
  const fields = new Map<number, bigint>();
  let at = 0;
  const varint = (): bigint => {
    let value = 0n;
    for (let shift = 0n; shift < 70n; shift += 7n) {
      const byte = bytes[at++];
      if (byte === undefined) {
        break;
      }
      value |= BigInt(byte & 0x7f) << shift;
      if (byte < 0x80) {
        return value;
      }
    }
    throw new Error('a message id is cut off');
  };
  while (at < bytes.length) {
    const tag = Number(varint());
    const wireType = tag & 7;
    if (wireType === 0) {
      fields.set(tag >>> 3, varint());
    } else if (wireType === 2) {
      at += Number(varint());
    } else {
      throw new Error(`a message id has a field of wire type ${wireType}`);
    }
  }
  return fields;
}
