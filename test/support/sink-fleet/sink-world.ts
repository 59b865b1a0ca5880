import type { Random } from '../../../src/util/random';
import { Agenda } from '../fleet/agenda';
import { History } from '../fleet/history';
import { drained, ManualClock } from '../manual-clock';
import type { Weather } from '../simulated-process';
import { userRecords } from '../user-records';
import { NumberedMessages } from './numbered-messages';
import type { StepFate } from './process-gate';
import { CALM, type PutBug, PutStorm, type PutWeather } from './put-storm';
import { SinkAudit } from './sink-audit';
import type { SinkPlan } from './sink-plan';
import { STREAM } from './sink-settings';
import { SinkStream } from './sink-stream';
import { SinkTopic } from './sink-topic';
import { SinkWorker } from './sink-worker';

const MOST_SHARDS = 6;

/** A topic, a stream, and sink instances between them, on one virtual clock. */
export class SinkWorld {
  readonly random: Random;
  readonly clock = new ManualClock(Date.UTC(2026, 0, 1, 12, 0, 0, 400), drained);
  readonly agenda = new Agenda(this.clock);
  readonly history = new History(this.clock);
  readonly audit: SinkAudit;
  readonly messages: NumberedMessages;
  readonly topic: SinkTopic;
  readonly stream: SinkStream;
  readonly storm: PutStorm;
  readonly puts: PutWeather = { ...CALM };
  readonly listings: Weather = { lostWrites: 0, lostReads: 0, throttles: 0, slow: 0 };
  readonly workers: SinkWorker[] = [];
  /** Whether the crash point was come to. */
  met = false;
  readonly #plan: SinkPlan;
  /** Steps taken by all processes. */
  #steps = 0;
  #healed = false;

  constructor(plan: SinkPlan, bug: PutBug | undefined) {
    const { random, settings, shards, latencyMs } = plan;
    const { clock } = this;
    this.random = random;
    this.#plan = plan;
    this.audit = new SinkAudit(this.history, {
      ordered: settings.retainOrdering,
      policy: settings.policy,
      now: () => clock.monotonic(),
    });
    const messages = new NumberedMessages(this.audit, settings, random);
    this.messages = messages;
    this.stream = new SinkStream(STREAM, shards, clock);
    this.topic = new SinkTopic({ clock, random, audit: this.audit, messages, latencyMs });
    this.storm = new PutStorm({
      kinesis: this.stream.kinesis,
      clock,
      random,
      weather: this.puts,
      requestTimeout: settings.requestTimeout,
      isPoison: (entry) => userRecords(entry).some((record) => messages.ofEntry(record).kind === 'poison'),
      bug,
    });
  }

  get running(): SinkWorker[] {
    return this.workers.filter(({ state }) => state === 'runs');
  }

  publish(count: number): void {
    this.topic.publish(count, this.#plan.settings.subscription === 'Key_Shared');
  }

  reshard(): void {
    this.history.note(this.stream.reshard(this.random, MOST_SHARDS));
  }

  start(): void {
    this.workers.push(new SinkWorker(`s${this.workers.length + 1}`, this, this.#plan));
  }

  unload(): void {
    this.history.note('the topic is unloaded');
    this.topic.unload();
  }

  /** What happens at a step that `worker` is about to take. */
  fateOf(step: string, worker: string): StepFate | undefined {
    const { crash } = this.#plan;
    if (crash === undefined || this.#healed || this.#steps++ !== crash.nth) {
      return undefined;
    }
    this.met = true;
    this.history.note(`crash point: ${crash.fate} this: ${step}`, worker);
    return crash.fate;
  }

  /** Nothing goes wrong any more. */
  heal(): void {
    this.history.note('everything heals');
    this.#healed = true;
    Object.assign(this.puts, CALM);
    Object.assign(this.listings, { lostReads: 0, throttles: 0, slow: 0 });
    Object.assign(this.topic.weather, { acknowledgements: 0, sends: 0, away: false });
    this.stream.unlimited();
  }
}
