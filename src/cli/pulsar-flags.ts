import { fileURLToPath } from 'node:url';
import { jsonFields } from '../util/json-fields';

/** Connection flags of `pulsar-admin sources|sinks localrun`. Source: Pulsar CmdSources, LocalRunner. */
export const PULSAR_FLAGS: readonly (readonly [flag: string, help: string])[] = [
  ['--broker-service-url <url>', 'Pulsar; pulsar://localhost:6650 when nothing else says'],
  ['--client-auth-plugin <class>', 'for example org.apache.pulsar.client.impl.auth.AuthenticationToken'],
  ['--client-auth-params <params>', 'what that class takes: token:TEXT, file:///PATH, NAME:VALUE,…, or JSON'],
  ['--use-tls', 'pulsar+ssl:// instead of pulsar://'],
  ['--tls-trust-cert-path <file>', 'PEM file of the authorities to trust'],
  ['--tls-allow-insecure', 'take any certificate'],
  ['--hostname-verification-enabled', 'on by default here'],
];

export interface PulsarFlags {
  readonly brokerServiceUrl?: string;
  readonly clientAuthPlugin?: string;
  readonly clientAuthParams?: string;
  readonly useTls?: boolean;
  readonly tlsTrustCertPath?: string;
  readonly tlsAllowInsecure?: boolean;
  readonly hostnameVerificationEnabled?: boolean;
}

/** Connection settings of flags, as paths of a configuration file. */
export function pulsarOverrides(flags: PulsarFlags): { readonly [path: string]: unknown } {
  const { brokerServiceUrl: url, useTls, clientAuthPlugin, clientAuthParams = '' } = flags;
  return {
    'pulsar.serviceUrl': useTls ? (url ?? 'pulsar://localhost').replace(/^pulsar:/, 'pulsar+ssl:') : url,
    'pulsar.tlsTrustCertsFilePath': flags.tlsTrustCertPath,
    'pulsar.tlsAllowInsecureConnection': flags.tlsAllowInsecure,
    'pulsar.tlsHostnameVerificationEnable': flags.hostnameVerificationEnabled,
    ...(clientAuthPlugin === undefined ? {} : authenticationOverrides(clientAuthPlugin, clientAuthParams)),
  };
}

/** What Java's `authPlugin` and `authParams` mean. Source: `configure` of the classes named. */
function authenticationOverrides(plugin: string, params: string): { readonly [path: string]: unknown } {
  const path = 'pulsar.authentication';
  const { type: _, ...fields } = jsonFields(params) ?? pairs(params);
  switch (plugin.replace(/^.*\./, '')) {
    case 'token':
    case 'AuthenticationToken':
      return { [path]: tokenOf(params) };
    case 'tls':
    case 'AuthenticationTls':
      return {
        [path]: { type: 'tls' },
        'pulsar.tlsCertificateFilePath': fields.tlsCertFile,
        'pulsar.tlsKeyFilePath': fields.tlsKeyFile,
      };
    case 'basic':
    case 'AuthenticationBasic':
      return { [path]: { ...fields, type: 'basic' } };
    case 'AuthenticationOAuth2':
      return { [path]: { ...fields, type: 'oauth2' } };
    default:
      // Left to the schema, which says what there is.
      return { [path]: { type: plugin } };
  }
}

function tokenOf(params: string): unknown {
  return params.startsWith('file://')
    ? { type: 'token', tokenFile: fileURLToPath(params) }
    : { type: 'token', token: params.replace(/^token:/, '') };
}

/** `name:value,name:value`. Source: Pulsar `AuthenticationUtil`. */
function pairs(params: string): { readonly [name: string]: string } {
  const parts = params.split(',').map((part) => /^([^:]+):(.*)$/s.exec(part.trim()));
  return Object.fromEntries(parts.flatMap((part) => (part === null ? [] : [[part[1] ?? '', part[2] ?? '']])));
}
