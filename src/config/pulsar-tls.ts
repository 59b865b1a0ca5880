import { resolve } from 'node:path';
import { fileProblem } from './named-file';
import type { ProblemList } from './problems';
import { get, textAt } from './tree';
import type { ConfigNotice, PulsarTlsSettings } from './types';

const FILES = ['tlsTrustCertsFilePath', 'tlsCertificateFilePath', 'tlsKeyFilePath'] as const;

/** Reports what is wrong with the TLS options of `pulsar`, and files that cannot be read. */
export function tlsProblems(
  pulsar: unknown,
  folder: string,
  problems: ProblemList,
  notices: ConfigNotice[],
): void {
  for (const name of FILES) {
    fileProblem(textAt(pulsar, name), `pulsar.${name}`, folder, problems);
  }
  const certified = textAt(pulsar, 'authentication', 'type') === 'tls';
  const given = FILES.slice(1).filter((name) => textAt(pulsar, name) !== undefined);
  if (given.length === 1 || (certified && given.length === 0)) {
    const missing = FILES.slice(1).find((name) => !given.includes(name)) ?? '';
    problems.add('CONFIG_MISSING', `pulsar.${missing}`, {
      found: 'nothing',
      expected: given.length === 1 ? `a file beside ${given[0]}` : 'a file, because authentication is tls',
      hint: 'A client certificate needs tlsCertificateFilePath and tlsKeyFilePath.',
    });
  }
  const url = textAt(pulsar, 'serviceUrl') ?? '';
  if (certified && !/^(pulsar\+ssl|https|wss):/.test(url)) {
    problems.add('CONFIG_CROSS_FIELD', 'pulsar.authentication.type', {
      found: 'tls, with a serviceUrl without TLS',
      expected: 'pulsar+ssl://HOST:PORT as serviceUrl',
      hint: 'A client certificate is shown in a TLS handshake only.',
    });
  }
  if (get(pulsar, 'tlsAllowInsecureConnection') === true) {
    const message = 'whoever answers is taken for the broker: what is sent there can be read and changed';
    notices.push({ path: 'pulsar.tlsAllowInsecureConnection', message });
  }
}

/** @param pulsar Valid, with its defaults. */
export function tlsSettings(pulsar: unknown, folder: string): PulsarTlsSettings {
  const [trusted, certificate, key] = FILES.map((name) => {
    const file = textAt(pulsar, name);
    return file === undefined ? undefined : resolve(folder, file);
  });
  return {
    ...(trusted === undefined ? {} : { trustCertsFilePath: trusted }),
    ...(certificate === undefined ? {} : { certificateFilePath: certificate }),
    ...(key === undefined ? {} : { keyFilePath: key }),
    allowInsecureConnection: get(pulsar, 'tlsAllowInsecureConnection') === true,
    hostnameVerificationEnable: get(pulsar, 'tlsHostnameVerificationEnable') !== false,
  };
}
