import { createHash } from 'node:crypto';
import type { Clock } from '../../../src/util/clock';
import type { LogFields, Logger } from '../../../src/util/logger';

/** Events that a report of a broken promise shows. */
const SHORT = 60;

/** Something that happened in a life; `worker` and `shard` are empty where it concerns none in particular. */
interface Event {
  readonly at: number;
  readonly worker: string;
  readonly shard: string;
  readonly what: string;
}

export interface Problem extends Event {
  /** Events that came before it. */
  readonly place: number;
}

/** Everything that happened in one life, and every promise broken in it, the first one first. */
export class History {
  readonly problems: Problem[] = [];
  readonly #events: Event[] = [];
  readonly #said = new Set<string>();

  constructor(private readonly clock: Clock) {}

  note(what: string, worker = '', shard = ''): void {
    this.#events.push({ at: this.clock.monotonic(), worker, shard: shortName(shard), what });
  }

  /** @param problem begins with the guarantee; a repetition of one already told counts once. */
  broken(problem: string, shard = ''): void {
    if (!this.#said.has(problem)) {
      this.#said.add(problem);
      const place = this.#events.length;
      const at = this.clock.monotonic();
      this.problems.push({ at, worker: '', shard: shortName(shard), what: problem, place });
      this.note(`BROKEN ${problem}`, '', shard);
    }
  }

  /** What led to the first problem: the last events of its shard, and those that concern all. */
  short(): string[] {
    const [first] = this.problems;
    if (first === undefined) {
      return [];
    }
    const { place, shard } = first;
    return this.#events
      .slice(0, place + 1)
      .filter((event) => event.shard === shard || event.shard === '' || shard === '')
      .slice(-SHORT)
      .map(lineOf);
  }

  /** The same for two runs of one life, on every machine. */
  digest(): string {
    return createHash('sha256').update(this.#events.map(lineOf).join('\n')).digest('hex');
  }

  lines(): string[] {
    return this.#events.map(lineOf);
  }
}

/** What a worker warns of, as events of its life. */
export function historyLogger(
  history: History,
  worker: string,
  hear: (fields: LogFields) => void = () => undefined,
): Logger {
  const note = (fields: LogFields, message: string): void => {
    hear(fields);
    const { shardId, shard = shardId, code, reason } = fields;
    const about = [message, code, reason].filter((part) => part !== undefined).join('; ');
    history.note(`"${about}"`, worker, typeof shard === 'string' ? shard : '');
  };
  const quiet = (): void => undefined;
  const logger: Logger = {
    debug: quiet,
    info: quiet,
    warn: note,
    error: note,
    child: (more) => ({
      ...logger,
      warn: (fields, message) => note({ ...more, ...fields }, message),
      error: (fields, message) => note({ ...more, ...fields }, message),
    }),
  };
  return logger;
}

function lineOf({ at, worker, shard, what }: Event): string {
  return `${(at / 1000).toFixed(4).padStart(9)} ${worker.padEnd(4)} ${shard.padEnd(4)} ${what}`.trimEnd();
}

/**
 * `shardId-000000000012` as `s12`, `000000000000:lines:1767268800:shardId-000000000012` and `lines/shardId-000000000012`
 * as `lines/s12`: a history has narrow columns.
 */
export function shortName(shard: string): string {
  return shard.replace(/^(?:(?:\d+:)?([^:/]+)(?::\d+:|\/))?shardId-0*(?=\d)/, (_, stream?: string) =>
    stream === undefined ? 's' : `${stream}/s`,
  );
}
