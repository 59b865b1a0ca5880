import { generateKeyPairSync } from 'node:crypto';
import { md, pki } from 'node-forge';
import { systemClock } from '../../src/util/clock';

const DAY_MS = 24 * 3600 * 1000;

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** A certificate authority that lives as long as a test. */
export class CertificateAuthority {
  readonly #key = privateKey();
  readonly #cert: pki.Certificate;
  readonly #name: string;
  #serial = 1;

  constructor(name = 'Test authority') {
    this.#name = name;
    this.#cert = this.#sign(name, pki.setRsaPublicKey(this.#key.key.n, this.#key.key.e), [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ]);
  }

  get cert(): string {
    return pki.certificateToPem(this.#cert);
  }

  /** @param hosts names and addresses that it stands for. @param subject the role of a client. */
  issue(hosts: readonly string[], subject = hosts[0] ?? 'nobody'): Certificate {
    const { key, pem } = privateKey();
    const altNames = hosts.map((host) =>
      /^[\d.]+$/.test(host) ? { type: 7, ip: host } : { type: 2, value: host },
    );
    const cert = this.#sign(subject, pki.setRsaPublicKey(key.n, key.e), [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true, keyEncipherment: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      ...(altNames.length > 0 ? [{ name: 'subjectAltName', altNames }] : []),
    ]);
    return { cert: pki.certificateToPem(cert), key: pem };
  }

  #sign(subject: string, publicKey: pki.rsa.PublicKey, extensions: object[]): pki.Certificate {
    const cert = pki.createCertificate();
    cert.publicKey = publicKey;
    cert.serialNumber = String(this.#serial++).padStart(2, '0');
    cert.validity.notBefore = new Date(systemClock.now() - DAY_MS);
    cert.validity.notAfter = new Date(systemClock.now() + DAY_MS);
    cert.setSubject([{ name: 'commonName', value: subject }]);
    cert.setIssuer([{ name: 'commonName', value: this.#name }]);
    cert.setExtensions(extensions);
    cert.sign(this.#key.key, md.sha256.create());
    return cert;
  }
}

let made: { readonly key: pki.rsa.PrivateKey; readonly pem: string } | undefined;

/** The one key of all: it is the certificates that differ. */
function privateKey(): { readonly key: pki.rsa.PrivateKey; readonly pem: string } {
  if (made === undefined) {
    const { privateKey: key } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const pem = String(key.export({ type: 'pkcs8', format: 'pem' }));
    made = { key: pki.privateKeyFromPem(pem), pem };
  }
  return made;
}
