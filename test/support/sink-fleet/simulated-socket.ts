import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Clock } from '../../../src/util/clock';
import type { ProcessGate } from './process-gate';

type Arrival = { readonly type: 'data'; readonly bytes: Buffer } | { readonly type: 'connect' | 'close' };

export interface WireParts {
  readonly clock: Clock;
  /** The border of the process that connects. */
  readonly gate: ProcessGate;
  /** Milliseconds that what is sent next travels. */
  readonly latency: () => number;
  /** Is told of what the process behind the gate sends, as it does. */
  readonly sends?: (bytes: Buffer) => void;
}

/**
 * One end of a TCP connection on virtual time, as far as the protocol client and a scripted broker use it: bytes
 * arrive in order, what has left arrives though its sender is gone, and the other end learns of a close behind them.
 */
export class SimulatedSocket extends EventEmitter {
  destroyed = false;
  connecting = true;
  readonly #parts: WireParts;
  /** Of the end that belongs to the process. */
  readonly #gate: ProcessGate | undefined;
  #peer: SimulatedSocket | undefined;
  /** When what was sent to this end last arrives, monotonic milliseconds. */
  #arrivesAt = 0;

  private constructor(parts: WireParts, gate: ProcessGate | undefined) {
    super();
    this.#parts = parts;
    this.#gate = gate;
  }

  /**
   * Starts to connect.
   * @param accept is given the far end when that is reached; without one nobody listens there.
   */
  static connect(parts: WireParts, accept: ((far: SimulatedSocket) => void) | undefined): SimulatedSocket {
    const near = new SimulatedSocket(parts, parts.gate);
    parts.gate.pass('connects', () => {
      parts.clock.setTimer(() => {
        if (accept !== undefined && !near.destroyed) {
          const far = new SimulatedSocket(parts, undefined);
          far.#peer = near;
          near.#peer = far;
          accept(far);
        }
        near.#travel({ type: accept === undefined ? 'close' : 'connect' });
      }, parts.latency());
    });
    return near;
  }

  /** As the protocol client knows it. */
  get asSocket(): Socket {
    return this as unknown as Socket;
  }

  write(bytes: Buffer, taken?: () => void): boolean {
    if (!this.destroyed) {
      const kept = Buffer.from(bytes);
      if (this.#gate !== undefined) {
        this.#parts.sends?.(kept);
      }
      this.#send({ type: 'data', bytes: kept });
      if (taken !== undefined) {
        queueMicrotask(taken);
      }
    }
    return true;
  }

  destroy(): this {
    if (!this.destroyed) {
      this.destroyed = true;
      this.#send({ type: 'close' });
      queueMicrotask(() => this.emit('close'));
    }
    return this;
  }

  resetAndDestroy(): this {
    return this.destroy();
  }

  #send(arrival: Arrival): void {
    const peer = this.#peer;
    if (peer === undefined) {
      return;
    }
    if (this.#gate === undefined) {
      peer.#travel(arrival);
    } else {
      this.#gate.pass('bytes leave', () => peer.#travel(arrival));
    }
  }

  /** On its way to this end. */
  #travel(arrival: Arrival): void {
    const { clock, latency } = this.#parts;
    this.#arrivesAt = Math.max(this.#arrivesAt, clock.monotonic() + latency());
    clock.setTimer(() => {
      if (this.#gate === undefined) {
        this.#arrive(arrival);
      } else {
        this.#gate.pass('bytes arrive', () => this.#arrive(arrival));
      }
    }, this.#arrivesAt - clock.monotonic());
  }

  #arrive(arrival: Arrival): void {
    if (this.destroyed) {
      return;
    }
    switch (arrival.type) {
      case 'data':
        this.emit('data', arrival.bytes);
        break;
      case 'connect':
        this.connecting = false;
        this.emit('connect');
        break;
      case 'close':
        this.destroyed = true;
        this.emit('close');
    }
  }
}
