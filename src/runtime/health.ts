import { explain, isConnectorError, messageOf } from '../errors';
import type { ConnectorStatus } from '../io';
import { type Clock, systemClock } from '../util/clock';

/**
 * Life of one instance: `running` once its connector is open, `stopping` while that is closed, `restarting` while it
 * waits to be started again, `ended` when it was stopped in order, `failed` when it will not be started again.
 */
export const INSTANCE_STATES = ['starting', 'running', 'stopping', 'restarting', 'ended', 'failed'] as const;
export type InstanceState = (typeof INSTANCE_STATES)[number];

/** A part of a running instance that should progress and does not (G11). */
export interface StalledPart {
  /** For instance `shardId-000000000000 reader`. */
  readonly part: string;
  readonly code: string;
  readonly reason: string;
}

export interface InstanceHealth {
  readonly kind: 'source' | 'sink';
  /** `tenant/namespace/name`. */
  readonly name: string;
  readonly instanceId: number;
  readonly state: InstanceState;
  /** Starts after the first one. Source: Pulsar `SourceInstanceStatusData.numRestarts`. */
  readonly numRestarts: number;
  /** Why it failed, in one line, until it runs again. Never a secret: errors hold none (G9). */
  readonly error?: string;
  /** When, milliseconds since the epoch. */
  readonly errorAt?: number;
  /** Of one that is restarting: when it is started again, ISO-8601. */
  readonly nextStart?: string;
  readonly stalled: readonly StalledPart[];
}

type FailureNews = Required<Pick<InstanceHealth, 'error' | 'errorAt'>>;

/** What is known of an instance from outside and from within. */
export interface InstanceReport extends InstanceHealth {
  /** Of one that has opened its connector, or is about to, when that says something of itself. */
  readonly status?: ConnectorStatus;
}

/** What becomes of one instance is told here. */
export interface HealthEntry {
  starting(): void;
  running(): void;
  /** @param error why, unless it was stopped or has caught up */
  stopping(error?: unknown): void;
  /** @param at milliseconds since the epoch */
  restarting(error: unknown, at: number): void;
  ended(): void;
  failed(error: unknown): void;
  /** See BaseContext.stalled; a new start forgets it. */
  stalled(part: string, problem: Error | undefined): void;
  /** See BaseContext.exposeStatus; forgotten with the end of the instance. */
  exposing(read: () => ConnectorStatus): void;
}

/** State of every instance of a process, for whoever asks from outside. */
export class HealthBoard {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #instances: InstanceHealth[] = [];
  /** By the place of their instance. */
  readonly #statuses: ((() => ConnectorStatus) | undefined)[] = [];

  constructor(clock: Pick<Clock, 'now'> = systemClock) {
    this.#clock = clock;
  }

  add(kind: InstanceHealth['kind'], name: string, instanceId = 0): HealthEntry {
    const fresh = { kind, name, instanceId, numRestarts: 0, stalled: [] };
    const index = this.#instances.push({ ...fresh, state: 'starting' }) - 1;
    let starts = 0;
    const stalled = new Map<string, StalledPart>();
    let now: Pick<InstanceHealth, 'state' | 'error' | 'errorAt' | 'nextStart'> = { state: 'starting' };
    const show = (change: typeof now): void => {
      now = change;
      const numRestarts = Math.max(0, starts - 1);
      this.#instances[index] = { ...fresh, ...now, numRestarts, stalled: [...stalled.values()] };
    };
    const over = (change: typeof now): void => {
      stalled.clear();
      this.#statuses[index] = undefined;
      show(change);
    };
    // What a failed instance failed of is news until it runs again.
    const keptError = (): Partial<FailureNews> => {
      const { error, errorAt } = now;
      return error === undefined || errorAt === undefined ? {} : { error, errorAt };
    };
    const news = (error: unknown): FailureNews => ({ error: explain(error), errorAt: this.#clock.now() });
    return {
      starting: () => {
        starts++;
        over({ state: 'starting', ...keptError() });
      },
      running: () => show({ state: 'running' }),
      stopping: (error) => show({ state: 'stopping', ...(error === undefined ? keptError() : news(error)) }),
      restarting: (error, at) =>
        over({ state: 'restarting', ...news(error), nextStart: new Date(at).toISOString() }),
      ended: () => over({ state: 'ended' }),
      failed: (error) => over({ state: 'failed', ...news(error) }),
      stalled: (part, problem) => {
        if (problem === undefined) {
          stalled.delete(part);
        } else {
          stalled.set(part, { part, code: codeOf(problem), reason: messageOf(problem) });
        }
        show(now);
      },
      exposing: (read) => {
        this.#statuses[index] = read;
      },
    };
  }

  get instances(): readonly InstanceHealth[] {
    return this.#instances;
  }

  /** The same with what each connector says of itself now. */
  reports(): readonly InstanceReport[] {
    return this.#instances.map((instance, index) => {
      const status = statusOf(this.#statuses[index]);
      return status === undefined ? instance : { ...instance, status };
    });
  }

  /** Whether there are instances, every one of them is open, and no part of any stands still. */
  get ready(): boolean {
    return (
      this.#instances.length > 0 &&
      this.#instances.every(({ state, stalled }) => state === 'running' && stalled.length === 0)
    );
  }

  /** False once an instance has failed for good: the process is about to end then. */
  get live(): boolean {
    return this.#instances.every(({ state }) => state !== 'failed');
  }
}

/** Whoever asks about all instances must not be refused for what one connector does against its contract. */
function statusOf(read: (() => ConnectorStatus) | undefined): ConnectorStatus | undefined {
  try {
    return read?.();
  } catch {
    return undefined;
  }
}

/** What a problem is called in logs and metrics. */
export function codeOf(problem: unknown): string {
  if (isConnectorError(problem)) {
    return problem.code;
  }
  return problem instanceof Error ? problem.name : 'UNKNOWN';
}
