/**
 * What may be used up within a second. It fills evenly, up to one second's worth; a use that is larger than what is
 * left leaves a debt.
 */
export class Allowance {
  #left = 0;
  /** When the figure above was right, milliseconds since the epoch; undefined before the first look: then it is full. */
  #at: number | undefined;

  /** What is left. A clock that was set back fills nothing. */
  left(perSecond: number, now: number): number {
    const seconds = this.#at === undefined ? 1 : Math.max(0, now - this.#at) / 1000;
    this.#at = now;
    this.#left = Math.min(perSecond, this.#left + seconds * perSecond);
    return this.#left;
  }

  /** Uses `amount` up, of what `left` told. More than a second's worth is paid for in full: what was saved does not count. */
  use(amount: number, perSecond: number): void {
    this.#left = (amount > perSecond ? Math.min(0, this.#left) : this.#left) - amount;
  }

  /** Uses one up, if there is one. */
  takeOne(perSecond: number, now: number): boolean {
    const there = this.left(perSecond, now) >= 1;
    if (there) {
      this.#left--;
    }
    return there;
  }
}
