import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { type ConnectionOptions, checkServerIdentity, connect, createSecureContext } from 'node:tls';
import type { PulsarTlsSettings } from '../config/types';
import { ProtocolError, type SecureSocket } from './protocol';

/** What Node needs for a TLS connection with `settings`. Reads the files anew. @throws ProtocolError tls */
export async function tlsOptions(settings: PulsarTlsSettings): Promise<ConnectionOptions> {
  const { trustCertsFilePath, certificateFilePath, keyFilePath } = settings;
  const [ca, cert, key] = await Promise.all([trustCertsFilePath, certificateFilePath, keyFilePath].map(read));
  const files = { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }) };
  try {
    return {
      secureContext: createSecureContext(files),
      rejectUnauthorized: !settings.allowInsecureConnection,
      checkServerIdentity: settings.hostnameVerificationEnable ? checkServerIdentity : () => undefined,
    };
  } catch (cause) {
    const names = [trustCertsFilePath, certificateFilePath, keyFilePath].filter((name) => name !== undefined);
    // The error of OpenSSL names what is wrong, not which file; neither holds a key.
    throw new ProtocolError('tls', `${names.join(', ')} cannot be used: ${textOf(cause)}`, cause);
  }
}

/** TLS for sockets that are connected elsewhere. @throws ProtocolError tls */
export async function secureSockets(settings: PulsarTlsSettings): Promise<SecureSocket> {
  const options = await tlsOptions(settings);
  return (socket, host) =>
    // An address must not stand in the handshake as a name, but is compared with the certificate.
    connect({ ...options, socket, host, ...(isIP(host) === 0 ? { servername: host } : {}) });
}

async function read(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) {
    return undefined;
  }
  try {
    return await readFile(file);
  } catch (cause) {
    throw new ProtocolError('tls', `${file} cannot be read: ${textOf(cause)}`, cause);
  }
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
