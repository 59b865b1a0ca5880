import type { PulsarAuthentication } from '../config/types';
import type { Clock } from '../util/clock';
import { jsonFields } from '../util/json-fields';
import type { HttpClient } from './http-client';
import { asProtocolError, type HttpAnswer, ProtocolError } from './protocol';

/** Part of its life after which a token is renewed. Source: Pulsar `AuthenticationOAuth2.EXPIRY_ADJUSTMENT`. */
const USED_PART = 0.9;
/** Source: Pulsar `DefaultMetadataResolver`, and OpenID Connect Discovery 1.0 §4. */
const DISCOVERY_PATH = '/.well-known/openid-configuration';
const REDIRECTS = 5;

export interface OAuth2Parts {
  readonly clock: Clock;
  /** Asks the issuer. */
  readonly http: HttpClient;
}

export type OAuth2Settings = Extract<PulsarAuthentication, { readonly type: 'oauth2' }>;

interface Token {
  readonly text: string;
  /** Monotonic instants; a token whose issuer names no life is kept until the broker asks for another one. */
  readonly renewAt: number;
  readonly expiresAt: number;
}

/** An access token by the flow of client credentials (RFC 6749 §4.4), kept until most of its life is over. */
export class OAuth2Token {
  readonly #settings: OAuth2Settings;
  readonly #parts: OAuth2Parts;
  #token: Token | undefined;
  /** Asked for once; again after it has failed. */
  #endpoint: URL | undefined;
  /** Many connections ask at once. */
  #asked: Promise<string> | undefined;

  constructor(settings: OAuth2Settings, parts: OAuth2Parts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /**
   * @param stale a token that the broker does not take any more.
   * @throws ProtocolError authentication when the issuer refuses us, unavailable when it cannot be asked.
   */
  async get(stale?: string): Promise<string> {
    const kept = this.#token;
    const now = this.#parts.clock.monotonic();
    if (kept !== undefined && kept.text !== stale && now < kept.renewAt) {
      return kept.text;
    }
    this.#asked ??= this.#renew().finally(() => {
      this.#asked = undefined;
    });
    try {
      return await this.#asked;
    } catch (error) {
      // An issuer that is down for a while ends nothing while there is a token that still holds.
      if (kept !== undefined && kept.text !== stale && this.#parts.clock.monotonic() < kept.expiresAt) {
        return kept.text;
      }
      throw error;
    }
  }

  async #renew(): Promise<string> {
    const { clock } = this.#parts;
    const askedAt = clock.monotonic();
    const { access_token: text, expires_in: seconds } = await this.#ask();
    if (typeof text !== 'string' || text === '') {
      throw new ProtocolError(
        'authentication',
        `${this.#settings.issuerUrl} answers without an access token`,
      );
    }
    const life = Number(seconds) > 0 ? Number(seconds) * 1000 : Number.POSITIVE_INFINITY;
    this.#token = { text, renewAt: askedAt + life * USED_PART, expiresAt: askedAt + life };
    return text;
  }

  async #ask(): Promise<{ readonly [name: string]: unknown }> {
    const { issuerUrl, audience, scope } = this.#settings;
    const client = await this.#settings.client().catch((error) => {
      // A file that is being replaced comes back.
      throw asProtocolError(error, 'unavailable');
    });
    const body = new URLSearchParams({
      grant_type: 'client_credentials',
      client_id: client.clientId,
      client_secret: client.clientSecret.reveal(),
      ...(audience === undefined ? {} : { audience }),
      ...(scope === undefined ? {} : { scope }),
    }).toString();
    const url = this.#endpoint ?? (await this.#tokenEndpoint());
    this.#endpoint = undefined;
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    const answer = await this.#parts.http.send({ url, method: 'POST', headers, body });
    const fields = fieldsOf(issuerUrl, answer);
    // A broker waits for one interval of its checks only (seen on 4.0.8): one request is to be enough.
    this.#endpoint = url;
    return fields;
  }

  async #tokenEndpoint(): Promise<URL> {
    const { issuerUrl } = this.#settings;
    let url = new URL(`${issuerUrl.replace(/\/$/, '')}${DISCOVERY_PATH}`);
    for (let redirects = 0; redirects <= REDIRECTS; redirects++) {
      const answer = await this.#parts.http.send({ url });
      if (answer.location === undefined || answer.status < 300 || answer.status >= 400) {
        const { token_endpoint: endpoint } = fieldsOf(issuerUrl, answer);
        if (typeof endpoint !== 'string' || !URL.canParse(endpoint)) {
          throw new ProtocolError('authentication', `${issuerUrl} names no token endpoint`);
        }
        return secureAs(url, new URL(endpoint));
      }
      url = secureAs(url, new URL(answer.location, url));
    }
    throw new ProtocolError('unavailable', `more than ${REDIRECTS} redirects from ${issuerUrl}`);
  }
}

/** `next`, which gets the client's secret, unless it would get it without TLS. @throws ProtocolError tls */
function secureAs(before: URL, next: URL): URL {
  if (next.protocol !== 'https:' && next.protocol !== before.protocol) {
    throw new ProtocolError('tls', `${before.host} leads to ${next.protocol}//${next.host}`);
  }
  return next;
}

function fieldsOf(issuer: string, { status, body }: HttpAnswer): { readonly [name: string]: unknown } {
  const fields = jsonFields(body) ?? {};
  if (status === 200) {
    return fields;
  }
  const said = [fields.error, fields.error_description].filter((it) => typeof it === 'string').join(': ');
  const kind = status >= 500 || status === 429 || status === 408 ? 'unavailable' : 'authentication';
  throw new ProtocolError(kind, `${issuer} answers: ${said || `HTTP status ${status}`}`);
}
