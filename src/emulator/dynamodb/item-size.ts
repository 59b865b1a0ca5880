import { type AttributeValue, type Item, setMembers } from './attribute-value';

/** Largest item, bytes, names and values counted. Source: Developer Guide, "Service quotas". */
export const MAX_ITEM_BYTES = 400 * 1024;

/** Items do not change, and every page of a scan asks for the sizes of all its items. */
const known = new WeakMap<Item, number>();

/** Size of an item in bytes. Source: Developer Guide, "DynamoDB item sizes and formats". */
export function itemSize(item: Item): number {
  const size = known.get(item) ?? measure(item);
  known.set(item, size);
  return size;
}

function measure(item: Item): number {
  let bytes = 0;
  for (const [name, value] of Object.entries(item)) {
    bytes += Buffer.byteLength(name) + valueSize(value);
  }
  return bytes;
}

function valueSize(value: AttributeValue): number {
  if ('S' in value) {
    return Buffer.byteLength(value.S);
  }
  if ('N' in value) {
    return numberSize(value.N);
  }
  if ('B' in value) {
    return Buffer.byteLength(value.B, 'base64');
  }
  if ('L' in value) {
    return value.L.reduce((bytes, entry) => bytes + 1 + valueSize(entry), 3);
  }
  if ('M' in value) {
    return 3 + Object.keys(value.M).length + measure(value.M);
  }
  const single = 'SS' in value ? 'S' : 'NS' in value ? 'N' : 'B';
  const members = setMembers(value);
  return members === undefined
    ? 1
    : members.reduce((bytes, entry) => bytes + valueSize({ [single]: entry } as AttributeValue), 0);
}

/** One byte for every two significant digits, one more, and one for a minus sign. */
function numberSize(figures: string): number {
  const significant = figures.replace(/[-.]/g, '').replace(/^0+|0+$/g, '');
  return 1 + Math.ceil(significant.length / 2) + (figures.startsWith('-') ? 1 : 0);
}
