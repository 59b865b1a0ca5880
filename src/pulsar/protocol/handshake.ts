import type { Commands } from './command';
import type { Authentication, BrokerAddress } from './endpoint';
import { asProtocolError, ProtocolError } from './protocol-error';

const CLIENT_VERSION = 'pulsar-io-kinesis';
/** Source: enum ProtocolVersion of PulsarApi.proto; 19 is what brokers from 2.10 on speak. */
const PROTOCOL_VERSION = 19;

/** The first command on a connection. @throws ProtocolError */
export async function connectBody(
  { proxyTo }: BrokerAddress,
  authentication: Authentication | undefined,
): Promise<Commands['connect']> {
  return {
    clientVersion: CLIENT_VERSION,
    protocolVersion: PROTOCOL_VERSION,
    featureFlags: { supportsAuthRefresh: true },
    ...(proxyTo === undefined ? {} : { proxyToBrokerUrl: proxyTo }),
    ...(authentication === undefined ? {} : await authData(authentication)),
  };
}

/** The answer when the broker asks again, because what was given has expired. @throws ProtocolError */
export async function authResponseBody(
  authentication: Authentication | undefined,
): Promise<Commands['authResponse']> {
  if (authentication === undefined) {
    throw new ProtocolError('authentication', 'the broker asks for authentication, none is configured');
  }
  const response = await authData(authentication);
  return { clientVersion: CLIENT_VERSION, protocolVersion: PROTOCOL_VERSION, response };
}

async function authData(
  authentication: Authentication,
): Promise<{ readonly authMethodName: string; readonly authData: Buffer }> {
  try {
    return { authMethodName: authentication.method, authData: Buffer.from(await authentication.data()) };
  } catch (error) {
    // A file that is being replaced comes back: that is not a token the broker has refused.
    const reason = asProtocolError(error, 'unknown').message;
    throw new ProtocolError('unavailable', `no ${authentication.method}: ${reason}`, error);
  }
}
