import { type Random, randomInt } from '../../../src/util/random';

/** What a fuzzer asks of its randomness. */
export class Dice {
  readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  /** An integer in [0, bound). */
  below(bound: number): number {
    return randomInt(this.random, bound);
  }

  /** True once in `times`. */
  once(times: number): boolean {
    return this.below(times) === 0;
  }

  of<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  bytes(count: number): Buffer {
    return Buffer.from(this.random.hex(count), 'hex');
  }

  text(most: number): string {
    return this.bytes(this.below(most + 1)).toString('latin1');
  }

  /** A number as it stands on the wire: small mostly, sometimes at an edge. */
  id(): number {
    return this.once(4) ? this.edge() : this.below(8);
  }

  /** As text where a number is not exact. */
  edge(): number {
    const inexact = [
      '18446744073709551615',
      '9223372036854775807',
      '9007199254740993',
    ] as unknown[] as number[];
    return this.of([-1, 2 ** 31, 2 ** 32, 2 ** 53 - 1, ...inexact]);
  }

  /** The same in 32 bits. */
  int(): number {
    return this.once(3) ? this.of([-1, -(2 ** 31), 2 ** 31 - 1, 2 ** 20, 1000]) : this.below(8);
  }

  /** `bytes` with some changed, put in, taken out, or repeated. */
  mutated(bytes: Buffer): Buffer {
    let data = bytes;
    for (let left = 1 + this.below(3); left > 0; left--) {
      const at = this.below(data.length + 1);
      const [head, tail] = [data.subarray(0, at), data.subarray(at)];
      switch (this.below(5)) {
        case 0:
          data = Buffer.concat([head, this.bytes(1), tail.subarray(1)]);
          break;
        case 1:
          data = Buffer.concat([head, this.bytes(1 + this.below(12)), tail]);
          break;
        case 2:
          data = Buffer.concat([head, tail.subarray(this.below(20))]);
          break;
        case 3:
          // A varint without end, or a length beyond everything.
          data = Buffer.concat([head, Buffer.alloc(this.below(12), 0xff), tail]);
          break;
        default:
          data = Buffer.concat([head, tail.subarray(0, 40), tail]);
      }
    }
    return data;
  }
}
