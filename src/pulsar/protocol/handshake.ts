import type { Commands } from './command';
import type { Authentication, BrokerAddress } from './endpoint';
import { asProtocolError, ProtocolError } from './protocol-error';

const CLIENT_VERSION = 'pulsar-io-kinesis';
/** Source: enum ProtocolVersion of PulsarApi.proto; 20 adds TOPIC_MIGRATED. */
const PROTOCOL_VERSION = 20;

/** What one connection says about who it is: with CONNECT, and whenever the broker asks again. */
export class Handshake {
  readonly #authentication: Authentication | undefined;
  #given: string | undefined;

  constructor(authentication: Authentication | undefined) {
    this.#authentication = authentication;
  }

  /** The first command on a connection. @throws ProtocolError */
  async connectBody({ proxyTo }: BrokerAddress): Promise<Commands['connect']> {
    return {
      clientVersion: CLIENT_VERSION,
      protocolVersion: PROTOCOL_VERSION,
      featureFlags: { supportsAuthRefresh: true },
      ...(proxyTo === undefined ? {} : { proxyToBrokerUrl: proxyTo }),
      ...(this.#authentication === undefined ? {} : await this.#authData(this.#authentication)),
    };
  }

  /** The answer to AUTH_CHALLENGE, which comes when what was given expires (seen on 4.0.8). @throws ProtocolError */
  async challengeBody(): Promise<Commands['authResponse']> {
    if (this.#authentication === undefined) {
      throw new ProtocolError('authentication', 'the broker asks for authentication, none is configured');
    }
    const response = await this.#authData(this.#authentication);
    return { clientVersion: CLIENT_VERSION, protocolVersion: PROTOCOL_VERSION, response };
  }

  async #authData(
    authentication: Authentication,
  ): Promise<{ readonly authMethodName: string; readonly authData: Buffer }> {
    try {
      this.#given = await authentication.data(this.#given);
      return { authMethodName: authentication.method, authData: Buffer.from(this.#given) };
    } catch (error) {
      // A file that is being replaced comes back: that is not a token the broker has refused.
      const { kind, message } = asProtocolError(error, 'unavailable');
      throw new ProtocolError(kind, `no ${authentication.method}: ${message}`, error);
    }
  }
}
