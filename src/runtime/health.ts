import { explain } from '../errors';

/** Life of one instance: `running` once its connector is open, `ended` when it was stopped in order. */
export type InstanceState = 'starting' | 'running' | 'ended' | 'failed';

export interface InstanceHealth {
  readonly kind: 'source' | 'sink';
  /** `tenant/namespace/name`. */
  readonly name: string;
  readonly instanceId: number;
  readonly state: InstanceState;
  /** Why it failed, in one line. Never a secret: errors hold none (G9). */
  readonly error?: string;
}

/** What becomes of one instance is told here. */
export interface HealthEntry {
  running(): void;
  ended(): void;
  failed(error: unknown): void;
}

/** State of every instance of a process, for whoever asks from outside. */
export class HealthBoard {
  readonly #instances: InstanceHealth[] = [];

  add(kind: InstanceHealth['kind'], name: string, instanceId = 0): HealthEntry {
    const index = this.#instances.push({ kind, name, instanceId, state: 'starting' }) - 1;
    const set = (state: InstanceState, error?: string): void => {
      this.#instances[index] = {
        kind,
        name,
        instanceId,
        state,
        ...(error === undefined ? {} : { error }),
      };
    };
    return {
      running: () => set('running'),
      ended: () => set('ended'),
      failed: (error) => set('failed', explain(error)),
    };
  }

  get instances(): readonly InstanceHealth[] {
    return this.#instances;
  }

  /** Whether there are instances and every one of them is open. */
  get ready(): boolean {
    return this.#instances.length > 0 && this.#instances.every(({ state }) => state === 'running');
  }
}
