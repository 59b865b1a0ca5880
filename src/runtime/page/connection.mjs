/** Asks the process that served this page, with the token if there is one. */

const TOKEN = 'pulsar-io-kinesis.token';

/** What an answer other than 200 says. */
export class Refused extends Error {
  /** @param {number} status @param {string} message */
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

/** A browser that keeps nothing for pages throws at the mere look at its storage: then the page remembers. */
let remembered = attempt(() => sessionStorage.getItem(TOKEN)) ?? null;

/** Until the tab is closed; where the browser keeps nothing, until the page is loaded again. @param {string} token */
export function keepToken(token) {
  remembered = token;
  attempt(() => sessionStorage.setItem(TOKEN, token));
}

export function hasToken() {
  return remembered !== null;
}

/** @param {string} path @param {AbortSignal} signal @throws Refused */
export async function ask(path, signal) {
  /** @type {Record<string, string>} */
  const headers = remembered === null ? {} : { authorization: `Bearer ${remembered}` };
  const response = await fetch(path, { headers, signal, cache: 'no-store' });
  if (!response.ok) {
    const answer = await response.json().catch(() => ({}));
    throw new Refused(response.status, String(answer.error ?? response.statusText));
  }
  return response;
}

/** Each line of an answer, read as JSON, as it comes. @param {Response} response */
export async function* linesOf({ body }) {
  if (body === null) {
    return;
  }
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    const lines = (rest + read.value).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      yield JSON.parse(line);
    }
  }
}

/** @template Result @param {() => Result} work @returns {Result | undefined} */
function attempt(work) {
  try {
    return work();
  } catch {
    return undefined;
  }
}
