/** Rates from counters, and a few minutes of them. Nothing is kept by the process that is watched. */

import { distinctShards, instanceKey, largestLag, recordsIn, recordsOut, shardsOf } from './status.mjs';

/** @typedef {import('./status.mjs').ProcessStatus} ProcessStatus */

/** Looks that are kept: at one each two seconds the last five minutes. */
export const KEPT = 150;

/** Milliseconds over which a rate is taken: a batch now and then is no zigzag. */
const WINDOW_MS = 10_000;

/** A counter that is read now and then. It begins anew when what counts does. */
export class Rate {
  /** @type {{ at: number, count: number }[]} */
  #looks = [];

  /** @param {number} at milliseconds @param {number} count */
  look(at, count) {
    const newest = this.#looks.at(-1);
    if (newest !== undefined && (count < newest.count || at <= newest.at)) {
      this.#looks = [];
    }
    this.#looks.push({ at, count });
    while (this.#looks.length > 2 && at - (this.#looks[1]?.at ?? at) >= WINDOW_MS) {
      this.#looks.shift();
    }
  }

  /** A second; undefined before the second look. */
  get perSecond() {
    const oldest = this.#looks[0];
    const newest = this.#looks.at(-1);
    if (oldest === undefined || newest === undefined || oldest === newest) {
      return undefined;
    }
    return ((newest.count - oldest.count) * 1000) / (newest.at - oldest.at);
  }
}

/** Rates of everything that counts, by name, and the last minutes of the totals. */
export class Traffic {
  /** @type {Map<string, Rate>} */
  #rates = new Map();
  /** @type {{ in: (number | undefined)[], out: (number | undefined)[], lag: (number | undefined)[], held: (number | undefined)[] }} */
  totals = { in: [], out: [], lag: [], held: [] };

  /** @param {ProcessStatus} status */
  look({ time, connectors }) {
    /** @type {Map<string, number>} */
    const counts = new Map();
    let held = 0;
    for (const connector of connectors) {
      for (const { instanceId, status } of connector.instances) {
        const instance = instanceKey(connector, instanceId);
        counts.set(`${instance} in`, recordsIn(status));
        counts.set(`${instance} out`, recordsOut(status));
        held += status.recordsQueued;
        for (const shard of shardsOf(status)) {
          if (shard.recordsRead !== undefined) {
            counts.set(`${instance} ${shard.stream} ${shard.shardId}`, shard.recordsRead);
          }
        }
      }
    }
    const lag = largestLag(connectors.flatMap(distinctShards).map(({ shard }) => shard));
    for (const [name, count] of counts) {
      const rate = this.#rates.get(name) ?? new Rate();
      this.#rates.set(name, rate);
      rate.look(time, count);
    }
    for (const name of this.#rates.keys()) {
      if (!counts.has(name)) {
        this.#rates.delete(name);
      }
    }
    const sum = (/** @type {string} */ end) => {
      const rates = [...this.#rates].flatMap(([name, { perSecond }]) =>
        name.endsWith(end) && perSecond !== undefined ? [perSecond] : [],
      );
      return rates.length === 0 ? undefined : rates.reduce((all, rate) => all + rate, 0);
    };
    this.#keep(sum(' in'), sum(' out'), lag, held);
  }

  /** A look that was not answered. */
  missed() {
    this.#keep(undefined, undefined, undefined, undefined);
  }

  /** Of a counter; undefined while unknown. @param {string} name */
  rateOf(name) {
    return this.#rates.get(name)?.perSecond;
  }

  /** @param {(number | undefined)[]} figures in the order of `totals` */
  #keep(...figures) {
    Object.values(this.totals).forEach((values, index) => {
      values.push(figures[index]);
      values.splice(0, values.length - KEPT);
    });
  }
}
