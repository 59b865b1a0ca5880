import { explain, isConnectorError } from '../../../src/errors';
import { BinaryTransport } from '../../../src/pulsar/binary-transport';
import { runSinkInstance } from '../../../src/runtime/sink-instance';
import { mostTimeToStop } from '../../../src/runtime/stop-time';
import { KinesisSink } from '../../../src/sink/kinesis-sink';
import { historyLogger } from '../fleet/history';
import { drained } from '../manual-clock';
import { SimulatedProcess } from '../simulated-process';
import { AuditedKinesis } from './audited-kinesis';
import { AuditedSink } from './audited-sink';
import { MAX_RECORD_BYTES } from './numbered-messages';
import { ProcessGate, type StepFate } from './process-gate';
import type { SinkPlan } from './sink-plan';
import { sinkConfig } from './sink-settings';
import type { SinkTenure } from './sink-tenure';
import type { SinkWorld } from './sink-world';

/** Milliseconds until the broker knows of a dead process. */
const FOUND_DEAD_MS = 4000;
/** Part of the time to stop before which a sink does not leave behind what it holds. */
const PATIENCE = 0.5;

/** One process of the connector, from its start to its end. */
export class SinkWorker {
  readonly name: string;
  /** `runs`: until it was told to stop or has ended in another way. */
  state: 'runs' | 'stops' | 'ended' | 'killed' = 'runs';
  readonly #world: SinkWorld;
  readonly #plan: SinkPlan;
  readonly #process: SimulatedProcess;
  readonly #gate: ProcessGate;
  readonly #tenure: SinkTenure;
  readonly #kinesis: AuditedKinesis;
  readonly #stop = new AbortController();
  /** Monotonic milliseconds. */
  #stopAt = 0;
  #stopBy = Number.POSITIVE_INFINITY;
  /** How often it stood still, and went on. */
  #pauses = 0;

  constructor(name: string, world: SinkWorld, plan: SinkPlan) {
    const { audit, clock, random, stream, storm, messages, listings } = world;
    const { settings } = plan;
    this.name = name;
    this.#world = world;
    this.#plan = plan;
    this.#process = new SimulatedProcess(clock, random, listings, { settled: drained });
    this.#gate = new ProcessGate(this.#process, {
      fateOf: (step) => world.fateOf(step, name),
      strike: (fate) => this.#strike(fate),
    });
    this.#tenure = audit.tenure(name, { ...settings, maxRecordBytes: MAX_RECORD_BYTES });
    this.#kinesis = new AuditedKinesis({
      process: this.#process,
      gate: this.#gate,
      audit,
      tenure: this.#tenure,
      stream,
      storm,
      messages,
      clock,
      aggregation: settings.aggregation,
      rateLimit: settings.rateLimit,
    });
    world.history.note('starts', name);
    this.#run();
  }

  /** Tells it to stop in order. */
  retire(): void {
    if (this.state === 'runs') {
      this.#note('is told to stop');
      this.state = 'stops';
      this.#stopAt = this.#world.clock.monotonic();
      // A process that stands still does not know of it.
      if (this.#process.runs) {
        this.#stopBy = this.#stopAt + mostTimeToStop(this.#plan.settings.shutdownTimeoutMs);
      }
      this.#stop.abort(new Error('the simulation stops it'));
    }
  }

  kill(): void {
    if (this.state === 'runs' || this.state === 'stops') {
      const { clock, random } = this.#world;
      this.#note(`is killed, holds ${this.#tenure.pending}`);
      this.state = 'killed';
      this.#process.kill();
      clock.setTimer(() => this.cut(), random.next() * FOUND_DEAD_MS);
    }
  }

  /** The process stands still; half of the time the broker gives it up meanwhile. */
  pause(ms: number): void {
    if ((this.state !== 'runs' && this.state !== 'stops') || !this.#process.runs) {
      return;
    }
    const { clock, random, agenda } = this.#world;
    this.#note(`stands still for ${Math.round(ms)} ms`);
    this.#process.pause();
    this.#pauses++;
    this.#stopBy = Number.POSITIVE_INFINITY;
    if (random.next() < 0.5) {
      clock.setTimer(() => this.cut(), random.next() * ms);
    }
    agenda.in(ms, () => this.#goOn(), true);
  }

  /** Its connections to Pulsar end: what it has not acknowledged goes to others. */
  cut(): void {
    this.#note('is cut off from Pulsar');
    this.#world.topic.cut(this.name);
  }

  /** What has to be seen now and then. */
  look(): void {
    if (this.state === 'runs' && this.#process.runs) {
      this.#kinesis.look();
    }
  }

  #run(): void {
    const { audit, random, history, messages, topic } = this.#world;
    const { shutdownTimeoutMs } = this.#plan.settings;
    const { pulsar, sink } = sinkConfig(this.#plan.settings);
    const logger = historyLogger(history, this.name);
    const clock = this.#process;
    const run = runSinkInstance({
      definition: { ...sink, name: this.name },
      pulsar,
      sink: new AuditedSink({
        inner: new KinesisSink({ kinesis: () => this.#kinesis }),
        audit,
        tenure: this.#tenure,
        messageOf: ({ properties }) => messages.of(properties),
        sizeOf: ({ key = '', value }) => key.length + (value?.length ?? 0),
        pauses: () => this.#pauses,
      }),
      shutdownTimeoutMs,
      clock,
      random,
      logger,
      openTransport: (settings, producer) => {
        const connect = () => topic.connect(this.name, this.#gate);
        return new BinaryTransport(settings, producer, { clock, random, logger, connect });
      },
      stop: this.#stop.signal,
    });
    run.then(
      (outcome) => this.#ended(outcome),
      (error) => this.#failed(error),
    );
  }

  async #goOn(): Promise<void> {
    if (!this.#process.killed) {
      this.#note('goes on');
      this.#pauses++;
      await this.#process.resume();
      this.#kinesis.forgive();
    }
  }

  #strike(fate: StepFate): void {
    if (fate.startsWith('killed')) {
      this.kill();
    } else {
      this.pause(this.#world.random.next() * 3 * this.#plan.settings.requestTimeout);
    }
  }

  #ended(outcome: 'drained' | 'undrained'): void {
    const { settings, trouble } = this.#plan;
    const { pending } = this.#tenure;
    const now = this.#world.clock.monotonic();
    this.#over(outcome);
    if (this.state === 'runs') {
      this.#broken('ended by itself');
    }
    if (now > this.#stopBy) {
      this.#broken(`took ${Math.round(now - this.#stopAt)} ms to stop of ${settings.shutdownTimeoutMs}`);
    }
    if (outcome !== 'drained' && trouble === 'calm') {
      this.#broken(`ended ${outcome}`);
    }
    if (outcome === 'drained' && pending > 0) {
      this.#broken(`says drained and left ${pending}`);
    }
    const patient = now - this.#stopAt >= PATIENCE * settings.shutdownTimeoutMs;
    if (pending > 0 && this.#pauses === 0 && !patient) {
      this.#broken(`left ${pending} though it had time to store them`);
    }
    this.state = 'ended';
  }

  #failed(error: unknown): void {
    const { policy } = this.#plan.settings;
    this.#over('failed');
    this.state = 'ended';
    const expected = policy === 'fail' || policy === 'end';
    if (!expected || !isConnectorError(error, 'SINK_RECORD_EXPIRED')) {
      this.#broken(`failed: ${explain(error)}`);
    }
  }

  #over(end: 'drained' | 'undrained' | 'failed'): void {
    const { pending, ambiguous, countedAmbiguous } = this.#tenure;
    this.#note(`has ended: ${end}, holds ${pending}`);
    if (ambiguous !== countedAmbiguous) {
      this.#broken(`counted ${countedAmbiguous} ambiguous retries instead of ${ambiguous}`);
    }
  }

  #note(what: string): void {
    this.#world.history.note(what, this.name);
  }

  #broken(what: string): void {
    this.#world.history.broken(`G8 ${this.name} ${what}`);
  }
}
