/**
 * `names` in the order in which a java.util.HashMap filled in the given order hands them out: by bucket, and within
 * one bucket as they came. That is the order of the properties, encryption keys and key metadata of the Java
 * connector's output. More than eight names in one bucket become a tree there, whose order is not followed.
 */
export function inJavaMapOrder(names: readonly string[]): readonly string[] {
  if (names.length < 2) {
    return names;
  }
  const buckets = tableSize(names.length) - 1;
  return names
    .map((name) => ({ name, bucket: spread(hashCode(name)) & buckets }))
    .sort((a, b) => a.bucket - b.bucket)
    .map(({ name }) => name);
}

/** 16 buckets, doubled whenever more than three quarters as many names are in it. */
function tableSize(count: number): number {
  let size = 16;
  while (count > size * 0.75) {
    size *= 2;
  }
  return size;
}

const spread = (hash: number): number => hash ^ (hash >>> 16);

/** Source: java.lang.String.hashCode. */
function hashCode(text: string): number {
  let hash = 0;
  for (let i = 0; i < text.length; i++) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
  }
  return hash;
}
