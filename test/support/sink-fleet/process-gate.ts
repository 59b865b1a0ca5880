import type { SimulatedProcess } from '../simulated-process';

/** What happens at one step of a process. */
export const STEP_FATES = ['killed before', 'killed behind', 'paused before', 'paused behind'] as const;
export type StepFate = (typeof STEP_FATES)[number];

/** Decides at each step of a process what happens there, and makes it happen. */
export interface StepWatch {
  fateOf(step: string): StepFate | undefined;
  strike(fate: StepFate): void;
}

interface Step {
  readonly name: string;
  readonly work: () => void;
}

/**
 * The border of one process: everything that leaves it or reaches it passes here, in order, one step each. While the
 * process stands still the steps wait; once it is dead nothing passes. A crash between two steps is the same for all
 * others as one before the later of them: so the steps are all the places where a crash can tell.
 */
export class ProcessGate {
  readonly #process: SimulatedProcess;
  readonly #watch: StepWatch;
  readonly #waiting: Step[] = [];
  /** Steps that wait are taken, or will be when the process goes on. */
  #opening = false;

  constructor(process: SimulatedProcess, watch: StepWatch) {
    this.#process = process;
    this.#watch = watch;
  }

  pass(name: string, work: () => void): void {
    if (this.#process.killed) {
      return;
    }
    this.#waiting.push({ name, work });
    if (!this.#opening) {
      this.#open();
    }
  }

  /** Resolves when the step is taken, which may be never. */
  passed(name: string): Promise<void> {
    return new Promise((resolve) => this.pass(name, resolve));
  }

  #open(): void {
    this.#opening = true;
    while (this.#process.runs && this.#waiting.length > 0) {
      this.#take(this.#waiting[0] as Step);
    }
    this.#opening = this.#waiting.length > 0;
    if (this.#opening) {
      void this.#process.running().then(() => this.#open());
    }
  }

  #take({ name, work }: Step): void {
    const fate = this.#watch.fateOf(name);
    if (fate?.endsWith('before')) {
      this.#watch.strike(fate);
      return;
    }
    this.#waiting.shift();
    work();
    if (fate !== undefined) {
      this.#watch.strike(fate);
    }
  }
}
