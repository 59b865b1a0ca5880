/** One number a benchmark measured. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  /** For example `CPU s per million records`. */
  readonly unit: string;
  /** This value over that of the floor measured in the same run: comparable between machines. */
  readonly ratio?: number;
  /** The most that this value can be, where something outside sets it. */
  readonly bound?: number;
  /** What a KCL 2.x fleet does in its place. */
  readonly kcl?: number;
}

/** Every file bench/NAME.bench.ts exports `run`. */
export interface Benchmark {
  run(): Promise<readonly Figure[]>;
}
