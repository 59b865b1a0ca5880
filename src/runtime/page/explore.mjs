/** The view that looks into streams. */

import { ask, linesOf } from './connection.mjs';
import { element, part, setText } from './dom.mjs';
import { formatNumberOf } from './format.mjs';
import { recordItem, showContent } from './record-items.mjs';

/** @typedef {import('../look').ExploreOffer} ExploreOffer */
/** @typedef {import('../look').LookLine} LookLine */
/** @typedef {import('../look').SeenRecord} SeenRecord */

const ALL_SHARDS = '';

export class Explore {
  /** @type {ExploreOffer | undefined} */
  #offer;
  /** Of the look under way. @type {AbortController | undefined} */
  #looking;
  /** Of the newest list asked for: one that comes late is not shown. */
  #asked = 0;
  /** @type {{ record: SeenRecord, content: HTMLElement }[]} */
  #shown = [];

  constructor() {
    const form = part('look', HTMLFormElement);
    form.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#look();
    });
    part('look-stop', HTMLButtonElement).addEventListener('click', () => this.#looking?.abort());
    select('look-connector').addEventListener('input', () => this.#listStreams());
    select('look-stream').addEventListener('input', () => this.#listShards(ALL_SHARDS));
    select('look-from').addEventListener('input', () => this.#showFields());
    part('look-view', HTMLElement).addEventListener('input', () => {
      for (const { record, content } of this.#shown) {
        showContent(content, record);
      }
    });
  }

  get isAllowed() {
    return this.#offer?.allowed === true;
  }

  /** @param {ExploreOffer} offer */
  offered(offer) {
    const isNews = JSON.stringify(offer.connectors) !== JSON.stringify(this.#offer?.connectors ?? []);
    this.#offer = offer;
    const banner = part('explore-refused', HTMLElement);
    banner.hidden = offer.allowed;
    part('look', HTMLElement).hidden = !offer.allowed;
    setText(banner, offer.reason ?? '');
    part('look-limit', HTMLInputElement).max = String(offer.maxRecords);
    if (isNews) {
      const connector = select('look-connector');
      const names = offer.connectors.map(({ id, kind, name }) => [id, `${name} (${kind})`]);
      fill(connector, names, connector.value);
      this.#listStreams();
    }
  }

  /** Of a source that is configured: its shard, from where it was confirmed. @param {string} connector @param {string} stream @param {string} shardId @param {string} checkpoint */
  open(connector, stream, shardId, checkpoint) {
    const own = this.#offer?.connectors.find(({ kind, name }) => kind === 'source' && name === connector);
    if (own === undefined) {
      return;
    }
    select('look-connector').value = own.id;
    const isNumber = /^\d+(:\d+)?$/.test(checkpoint);
    select('look-from').value = isNumber ? 'sequence' : 'oldest';
    part('look-sequence', HTMLInputElement).value = isNumber ? checkpoint : '';
    this.#showFields();
    this.#listStreams(stream, shardId);
  }

  #showFields() {
    const from = select('look-from').value;
    part('look-time-label', HTMLElement).hidden = from !== 'time';
    part('look-sequence-label', HTMLElement).hidden = from !== 'sequence';
    part('look-time', HTMLInputElement).required = from === 'time';
    part('look-sequence', HTMLInputElement).required = from === 'sequence';
  }

  /** First those that are configured, then what there is beside them. */
  async #listStreams(wanted = '', shardId = ALL_SHARDS) {
    const connector = select('look-connector').value;
    const own = this.#offer?.connectors.find(({ id }) => id === connector)?.streams ?? [];
    const show = (/** @type {readonly string[]} */ names) => {
      const all = [...new Set([...own, ...(wanted === '' ? [] : [wanted]), ...names])];
      const chosen = wanted === '' ? select('look-stream').value : wanted;
      fill(
        select('look-stream'),
        all.map((name) => [name, name]),
        chosen,
      );
    };
    show([]);
    const shards = this.#listShards(shardId);
    const query = new URLSearchParams({ connector });
    await this.#list(`/explore/streams?${query}`, ({ streams }) => {
      if (select('look-connector').value === connector) {
        const none = select('look-stream').value === '';
        show(streams.map((/** @type {{ name: string }} */ { name }) => name));
        if (none) {
          this.#listShards(shardId);
        }
      }
    });
    await shards;
  }

  /** @param {string} wanted */
  async #listShards(wanted) {
    const stream = select('look-stream').value;
    const query = new URLSearchParams({ connector: select('look-connector').value, stream });
    const show = (/** @type {readonly string[]} */ ids) =>
      fill(
        select('look-shard'),
        [
          [ALL_SHARDS, 'all of them'],
          ...[...new Set([...(wanted === '' ? [] : [wanted]), ...ids])].map((id) => [id, id]),
        ],
        wanted,
      );
    show([]);
    if (stream === '') {
      return;
    }
    const asked = ++this.#asked;
    await this.#list(`/explore/shards?${query}`, ({ shards }) => {
      if (asked === this.#asked) {
        show(shards.map((/** @type {{ shardId: string }} */ { shardId }) => shardId));
      }
    });
  }

  /** @param {string} path @param {(answer: any) => void} show */
  async #list(path, show) {
    try {
      const response = await ask(path, AbortSignal.timeout(30_000));
      show(await response.json());
    } catch (error) {
      say(messageOf(error));
    }
  }

  async #look() {
    this.#looking?.abort();
    const looking = new AbortController();
    this.#looking = looking;
    part('records', HTMLElement).replaceChildren();
    this.#shown = [];
    running(true);
    say('looking …');
    try {
      const response = await ask(`/explore/records?${lookQuery()}`, looking.signal);
      for await (const line of linesOf(response)) {
        this.#take(line);
      }
    } catch (error) {
      if (this.#looking === looking) {
        say(
          looking.signal.aborted
            ? `stopped; ${formatNumberOf(this.#shown.length, 'record')} seen`
            : messageOf(error),
        );
      }
    } finally {
      if (this.#looking === looking) {
        running(false);
      }
    }
  }

  /** @param {LookLine} line */
  #take(line) {
    if ('record' in line) {
      const content = element('pre', { tabindex: '0' });
      this.#shown.push({ record: line.record, content });
      part('records', HTMLElement).append(recordItem(line.record, content));
      showContent(content, line.record);
      say(`${formatNumberOf(this.#shown.length, 'record')} so far, and the look goes on …`);
    } else if ('error' in line) {
      say(`${line.error.code}: ${line.error.message} ${line.error.hint}`);
    } else {
      say(`${formatNumberOf(this.#shown.length, 'record')}; ${line.end}.`);
    }
  }
}

function lookQuery() {
  const from = select('look-from').value;
  const time = part('look-time', HTMLInputElement).value;
  const positions = {
    oldest: 'oldest',
    newest: 'latest',
    time: time === '' ? '' : new Date(time).toISOString(),
    sequence: part('look-sequence', HTMLInputElement).value,
  };
  return new URLSearchParams({
    connector: select('look-connector').value,
    stream: select('look-stream').value,
    shard: select('look-shard').value,
    from: positions[/** @type {keyof typeof positions} */ (from)],
    limit: part('look-limit', HTMLInputElement).value,
  });
}

/** @param {HTMLSelectElement} list @param {string[][]} options values and what they are called @param {string} [chosen] */
function fill(list, options, chosen) {
  list.replaceChildren(...options.map(([value = '', label = '']) => element('option', { value }, label)));
  if (chosen !== undefined && options.some(([value]) => value === chosen)) {
    list.value = chosen;
  }
}

/** @param {boolean} is */
function running(is) {
  part('look-stop', HTMLButtonElement).hidden = !is;
  part('look-go', HTMLButtonElement).disabled = is;
}

/** @param {string} text */
function say(text) {
  setText(part('look-state', HTMLElement), text);
}

/** @param {unknown} error */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/** @param {string} id */
function select(id) {
  return part(id, HTMLSelectElement);
}
