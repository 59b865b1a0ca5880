import type { PulsarAuthentication } from '../config/types';
import { type OAuth2Parts, OAuth2Token } from './authentication-oauth2';
import { type Authentication, asProtocolError } from './protocol';

/**
 * What `settings` say, as a client gives it to brokers; undefined when they say nothing.
 * Source: names and data of Pulsar's `AuthenticationToken`, `AuthenticationTls`, `AuthenticationBasic` and
 * `AuthenticationOAuth2`.
 */
export function authenticationOf(
  settings: PulsarAuthentication,
  parts: OAuth2Parts,
): Authentication | undefined {
  switch (settings.type) {
    case 'none':
      return undefined;
    case 'token':
      return { method: 'token', data: (stale) => settings.token(stale) };
    case 'tls':
      // The handshake below has said it all.
      return { method: 'tls', data: async () => '' };
    case 'basic':
      return { method: 'basic', data: async () => `${settings.userId}:${settings.password.reveal()}` };
    case 'oauth2': {
      const token = new OAuth2Token(settings, parts);
      return { method: 'token', data: (stale) => token.get(stale) };
    }
  }
}

/** The same for HTTP and WebSocket. Source: `getHttpHeaders` of those classes. @throws ProtocolError */
export async function authenticationHeaders(
  authentication: Authentication | undefined,
): Promise<{ readonly [name: string]: string }> {
  if (authentication === undefined) {
    return {};
  }
  const method = { 'x-pulsar-auth-method-name': authentication.method };
  const data = await authentication.data().catch((error) => {
    // A file that is being replaced comes back: that is not a token that was refused.
    throw asProtocolError(error, 'unavailable');
  });
  switch (authentication.method) {
    case 'token':
      return { ...method, authorization: `Bearer ${data}` };
    case 'basic':
      return { ...method, authorization: `Basic ${Buffer.from(data).toString('base64')}` };
    default:
      return method;
  }
}
