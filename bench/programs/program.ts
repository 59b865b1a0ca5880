/** The settings a program was started with: JSON in its first argument. */
export function readSettings<T>(): T {
  return JSON.parse(process.argv[2] ?? '{}') as T;
}

/** Tells `value` to whoever started the program: one line of JSON on standard output. */
export function say(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value)}\n`);
}

/** What reading a number of records cost. */
export interface Cost {
  readonly records: number;
  /** User and system time of the whole process, garbage collection included. */
  readonly cpuSeconds: number;
  readonly seconds: number;
}

/** Begins to measure when `warmUp` records have been counted, ends at least `records` later. */
export class CostMeter {
  readonly #warmUp: number;
  readonly #records: number;
  #seen = 0;
  #done = false;
  #began: { readonly seen: number; readonly cpu: NodeJS.CpuUsage; readonly at: number } | undefined;

  constructor(warmUp: number, records: number) {
    this.#warmUp = warmUp;
    this.#records = records;
  }

  /** The cost, when these records are the last that were wanted; once. */
  count(records: number): Cost | undefined {
    this.#seen += records;
    if (this.#began === undefined) {
      if (this.#seen >= this.#warmUp) {
        this.#began = { seen: this.#seen, cpu: process.cpuUsage(), at: performance.now() };
      }
      return undefined;
    }
    const measured = this.#seen - this.#began.seen;
    if (this.#done || measured < this.#records) {
      return undefined;
    }
    this.#done = true;
    const { user, system } = process.cpuUsage(this.#began.cpu);
    return {
      records: measured,
      cpuSeconds: (user + system) / 1e6,
      seconds: (performance.now() - this.#began.at) / 1000,
    };
  }
}
