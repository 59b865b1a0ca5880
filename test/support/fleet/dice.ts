import { type Random, randomInt } from '../../../src/util/random';

/** What chance decides in the script of a life. */
export class Dice {
  constructor(private readonly random: Random) {}

  /** A whole number below `bound`. */
  some(bound: number): number {
    return randomInt(this.random, bound);
  }

  chance(likelihood: number): boolean {
    return this.random.next() < likelihood;
  }

  /** Does `action` with one of `items`, unless there are none. */
  with<T>(items: readonly T[], action: (item: T) => void): void {
    const [item] = items.slice(this.some(items.length));
    if (item !== undefined) {
      action(item);
    }
  }
}
