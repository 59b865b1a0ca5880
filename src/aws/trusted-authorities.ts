import { readFile } from 'node:fs/promises';
import * as tls from 'node:tls';
import { ConnectorError, messageOf } from '../errors';

const CERTIFICATE = /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----/;

/** Node's own authorities: since 22.15 with those of NODE_EXTRA_CA_CERTS, before without. */
type Authorities = { getCACertificates?(type: 'default'): readonly string[] };

/** By file: all clients of a process share what they trust, which takes tens of milliseconds to make. */
const known = new Map<string, TrustedAuthorities>();

/** The certificates of a file beside the usual ones. The file is read for every connection: it is replaced meanwhile. */
export class TrustedAuthorities {
  readonly #file: string;
  #text: string | undefined;
  #context: tls.SecureContext | undefined;

  private constructor(file: string) {
    this.#file = file;
  }

  static of(file: string): TrustedAuthorities {
    const authorities = known.get(file) ?? new TrustedAuthorities(file);
    known.set(file, authorities);
    return authorities;
  }

  /** @throws ConnectorError AWS_TLS */
  async context(): Promise<tls.SecureContext> {
    const text = await this.#read();
    if (this.#context === undefined || text !== this.#text) {
      const usual = (tls as Authorities).getCACertificates?.('default') ?? tls.rootCertificates;
      try {
        this.#context = tls.createSecureContext({ ca: [...usual, text] });
      } catch (cause) {
        throw this.#unusable(messageOf(cause), cause);
      }
      this.#text = text;
    }
    return this.#context;
  }

  async #read(): Promise<string> {
    let text: string;
    try {
      text = await readFile(this.#file, 'utf8');
    } catch (cause) {
      throw this.#unusable(messageOf(cause), cause);
    }
    if (!CERTIFICATE.test(text)) {
      throw this.#unusable('it holds no certificate in PEM', undefined);
    }
    return text;
  }

  #unusable(why: string, cause: unknown): ConnectorError {
    return new ConnectorError('AWS_TLS', `aws.caFile ${this.#file} cannot be used: ${why}`, {
      hint: 'Put the certificates of the authorities there, in PEM.',
      cause,
    });
  }
}
