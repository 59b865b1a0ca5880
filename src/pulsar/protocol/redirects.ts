import type { HttpAnswer } from './lookup-service';
import { ProtocolError } from './protocol-error';

/** An answer that is no redirect, and where it came from. */
export interface FollowedAnswer {
  readonly url: URL;
  readonly answer: HttpAnswer;
}

/**
 * What `send` answers at the end of the redirects that begin at `first`: a broker that does not own a topic names the
 * one that does (307), by its own address.
 * @throws ProtocolError tls when what proves who we are would leave the scheme it was meant for; unavailable above
 * `maxRedirects`; what `send` throws
 */
export async function followRedirects(
  first: URL,
  maxRedirects: number,
  send: (url: URL) => Promise<HttpAnswer>,
): Promise<FollowedAnswer> {
  let url = first;
  for (let redirects = 0; redirects <= maxRedirects; redirects++) {
    const answer = await send(url);
    const { status, location } = answer;
    if (status < 300 || status >= 400 || location === undefined) {
      return { url, answer };
    }
    if (!URL.canParse(location, url.href)) {
      throw new ProtocolError('unavailable', `${url.host} redirects to no address`);
    }
    url = new URL(location, url);
    if (url.protocol !== first.protocol) {
      throw new ProtocolError('tls', `${first.host} redirects to ${url.protocol}//${url.host}`);
    }
  }
  throw new ProtocolError('unavailable', `more than ${maxRedirects} redirects from ${first.host}`);
}
