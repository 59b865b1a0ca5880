/** Path of an option as problems show it: `sources[0].configs.awsRegion`. */
export function joinPath(path: string, key: string | number): string {
  if (typeof key === 'number') {
    return `${path}[${key}]`;
  }
  if (!/^[\w$-]+$/.test(key)) {
    return `${path}[${JSON.stringify(key)}]`;
  }
  return path === '' ? key : `${path}.${key}`;
}

/** The same of a JSON Pointer (RFC 6901), below `base`. */
export function pointerToPath(pointer: string, base = ''): string {
  return pointer
    .split('/')
    .slice(1)
    .map((segment) => segment.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, key) => joinPath(path, /^\d+$/.test(key) ? Number(key) : key), base);
}
