/** Asks for the state of the process again and again, and shows it. */

import { ask, hasToken, keepToken, Refused } from './connection.mjs';
import { showConnectors, showProblems } from './connector-cards.mjs';
import { part, setAttribute, setText } from './dom.mjs';
import { Explore } from './explore.mjs';
import { formatDuration, formatNumberOf, formatTime } from './format.mjs';
import { problemsOf } from './levels.mjs';
import { ShardTable } from './shard-table.mjs';
import { showTiles } from './tiles.mjs';
import { Traffic } from './traffic.mjs';

/** @typedef {import('./status.mjs').ProcessStatus} ProcessStatus */

const REFRESH_MS = 2000;
const PATIENCE_MS = 10_000;

const traffic = new Traffic();
const explore = new Explore();
const shards = new ShardTable(({ connector, shard }) => {
  explore.open(connector, shard.stream, shard.shardId, shard.checkpoint);
  location.hash = 'explore';
});

/** When the process was heard of last, by the clock of the browser. @type {number | undefined} */
let heardAt;
/** When the process began whose offer to explore is known: another one may have other connectors. @type {number | undefined} */
let offeredBy;
/** Requests that were made: what an older one brings is not shown any more. */
let asked = 0;
/** Whether the token, or its absence, was refused. */
let locked = false;
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

async function refresh() {
  clearTimeout(timer);
  const turn = ++asked;
  try {
    const response = await ask('/status', AbortSignal.timeout(PATIENCE_MS));
    const status = /** @type {ProcessStatus} */ (await response.json());
    if (offeredBy !== status.startedAt) {
      await offer(status);
    }
    if (turn !== asked) {
      return;
    }
    heardAt = Date.now();
    locked = false;
    traffic.look(status);
    show(status);
  } catch (error) {
    if (turn !== asked) {
      return;
    }
    missed(error);
  }
  if (!locked && turn === asked) {
    timer = setTimeout(refresh, REFRESH_MS);
  }
}

/** The overview does not depend on it. @param {ProcessStatus} status */
async function offer({ startedAt }) {
  const response = await ask('/explore', AbortSignal.timeout(PATIENCE_MS)).catch(() => undefined);
  if (response !== undefined) {
    explore.offered(await response.json());
    offeredBy = startedAt;
  }
}

/** @param {ProcessStatus} status */
function show(status) {
  part('token-form', HTMLElement).hidden = true;
  part('silence', HTMLElement).hidden = true;
  const problems = problemsOf(status);
  const worst = status.ready ? (problems[0]?.level ?? 'ok') : 'failing';
  const words = status.ready
    ? problems.length === 0
      ? 'ready'
      : `ready, ${formatNumberOf(problems.length, 'remark')}`
    : 'not ready';
  health(worst, words);
  setText(
    part('updated', HTMLElement),
    `up ${formatDuration(status.time - status.startedAt)}, as of ${formatTime(status.time).slice(11)}`,
  );
  showProblems(status);
  showTiles(status, traffic);
  showConnectors(status, traffic);
  shards.show(status, traffic, explore.isAllowed);
  showView();
}

/** @param {unknown} error */
function missed(error) {
  if (error instanceof Refused && error.status === 401) {
    locked = true;
    if (hasToken()) {
      setText(part('token-why', HTMLElement), 'That is not the token of this process (http.token).');
    }
    part('token-form', HTMLElement).hidden = false;
    part('overview', HTMLElement).hidden = true;
    part('explore', HTMLElement).hidden = true;
    health('idle', 'locked');
    part('token', HTMLInputElement).focus();
    return;
  }
  traffic.missed();
  const since = heardAt === undefined ? '' : ` What is shown here is from ${formatTime(heardAt).slice(11)}.`;
  const banner = part('silence', HTMLElement);
  const why =
    error instanceof Refused
      ? `It answers ${error.status}: ${error.message}.`
      : 'The process does not answer; if it has ended, its log says why.';
  setText(banner, `${why}${since} It is asked again every ${formatDuration(REFRESH_MS)}.`);
  banner.hidden = false;
  health('failing', 'no answer');
}

/** @param {string} level @param {string} words */
function health(level, words) {
  const pill = part('health', HTMLElement);
  setAttribute(pill, 'class', `pill ${level}`);
  setText(pill, words);
  document.title = level === 'ok' ? 'pulsar-io-kinesis' : `${words} – pulsar-io-kinesis`;
}

function showView() {
  const isExplore = location.hash === '#explore';
  part('overview', HTMLElement).hidden = isExplore;
  part('explore', HTMLElement).hidden = !isExplore;
  setAttribute(part('to-overview', HTMLElement), 'aria-current', isExplore ? undefined : 'page');
  setAttribute(part('to-explore', HTMLElement), 'aria-current', isExplore ? 'page' : undefined);
}

window.addEventListener('hashchange', () => {
  if (heardAt !== undefined && !locked) {
    showView();
  }
});
part('token-form', HTMLFormElement).addEventListener('submit', (event) => {
  event.preventDefault();
  keepToken(part('token', HTMLInputElement).value.trim());
  refresh();
});
refresh();
