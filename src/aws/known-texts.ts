interface Known {
  readonly text: string;
  readonly bytes: Buffer;
}

/** Texts that come again and again: to find one in a body takes a comparison, and no new string. */
export class KnownTexts {
  readonly #byFirstByte: (Known | undefined)[] = new Array(256).fill(undefined);

  /** @param texts ASCII; no two begin alike. */
  constructor(...texts: string[]) {
    for (const text of texts) {
      this.#byFirstByte[text.charCodeAt(0)] = { text, bytes: Buffer.from(text) };
    }
  }

  /** What the `length` bytes at `at` are; undefined when they are none of these. */
  find(body: Buffer, at: number, length: number): string | undefined {
    const known = this.#byFirstByte[body[at] ?? 0];
    if (known === undefined || known.bytes.length !== length) {
      return undefined;
    }
    const { bytes } = known;
    for (let index = 1; index < length; index++) {
      if (body[at + index] !== bytes[index]) {
        return undefined;
      }
    }
    return known.text;
  }
}
