import { ProtocolError, type ProtocolErrorKind } from './protocol-error';

/** Alerts of a peer that does not like our certificate, or misses it. Source: names of OpenSSL. */
const CERTIFICATE_ALERT = /^ERR_SSL_.*ALERT.*(CERTIFICATE|UNKNOWN_CA)/;
/** What we do not like about theirs, and a peer that speaks no TLS. Source: names of Node and OpenSSL. */
const TLS =
  /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/;

/** What an error of a socket to `where` means. */
export function connectionError(where: string, cause: Error): ProtocolError {
  return new ProtocolError(kindOf(cause), `connection to ${where} failed: ${reasonOf(cause)}`, cause);
}

function kindOf(cause: NodeJS.ErrnoException): ProtocolErrorKind {
  const code = cause.code ?? '';
  if (CERTIFICATE_ALERT.test(code)) {
    return 'authentication';
  }
  return TLS.test(code) ? 'tls' : 'unavailable';
}

/** A host with several addresses fails with one error for each, and no message of its own. */
function reasonOf(cause: Error): string {
  const [first] = cause instanceof AggregateError ? cause.errors : [];
  return cause.message || (first instanceof Error ? first.message : cause.name);
}
