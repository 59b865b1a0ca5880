/** Numbers of messages that wait to be delivered again, taken in the order of the topic. */
export class MemoryReplay {
  #numbers: number[] = [];
  #sorted = true;

  get length(): number {
    return this.#numbers.length;
  }

  add(number: number): void {
    this.#sorted &&= number > (this.#numbers.at(-1) ?? -1);
    this.#numbers.push(number);
  }

  /** Offers each to `take`, lowest first, and keeps those it answers false for. */
  offer(take: (number: number) => boolean): void {
    if (!this.#sorted) {
      this.#numbers.sort((a, b) => a - b);
      this.#sorted = true;
    }
    if (this.#numbers.length > 0) {
      this.#numbers = this.#numbers.filter((number) => !take(number));
    }
  }
}
