/** Exchanges one method. @returns what takes the change back */
export function patch<T extends object, K extends keyof T>(
  owner: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  const original = owner[name];
  Object.defineProperty(owner, name, { configurable: true, writable: true, value: make(original) });
  return () => Object.defineProperty(owner, name, before as PropertyDescriptor);
}

/** Exchanges one getter. @returns what takes the change back */
export function patchGetter<T extends object, K extends keyof T>(
  owner: T,
  name: K,
  get: (this: T) => T[K],
): () => void {
  const before = Object.getOwnPropertyDescriptor(owner, name);
  Object.defineProperty(owner, name, { configurable: true, get });
  return () => Object.defineProperty(owner, name, before as PropertyDescriptor);
}

/** All of them taken back, the last one first. */
export function all(...undo: (() => void)[]): () => void {
  return () => {
    for (const each of undo.reverse()) {
      each();
    }
  };
}
