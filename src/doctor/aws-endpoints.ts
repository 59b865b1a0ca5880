import { type Alpn, DEFAULT_PORTS, dialer } from '../aws/dial';
import { goesDirect } from '../aws/no-proxy';
import { type Addressed, addressOf } from '../aws/service-address';
import type { AwsSettings } from '../config';
import type { Clock } from '../util/clock';
import type { Endpoint } from './endpoint-checks';
import type { Place, ProbeOrder } from './endpoint-probe';
import type { ExaminedStream } from './examined-stream';
import type { Subject } from './subject';

/** One address of AWS that a connector uses. */
export interface UsedAddress {
  readonly addressed: Addressed;
  readonly settings: AwsSettings;
  /** Whether subscriptions go there, which take HTTP/2 where it is to be had. */
  readonly subscribes?: boolean;
}

/** What `subject` calls, whatever it does. @param readsSecrets whether its configuration refers to some */
export function usedAddresses(
  subject: Subject,
  streams: readonly ExaminedStream[],
  readsSecrets: boolean,
): UsedAddress[] {
  const { config, reach } = subject;
  const { aws } = config;
  const kinesis = streams.flatMap(({ ref, place }) => {
    const arn = ref.arn === undefined ? {} : { streamArn: ref.arn };
    const settings = reach.settings(place);
    return (['control', 'data'] as const).map((plane) => ({
      addressed: { service: 'kinesis', plane, ...arn } as const,
      settings,
    }));
  });
  const used: UsedAddress[] = [...kinesis];
  if (subject.kind === 'source' && subject.config.retrieval.mode !== 'polling') {
    const data = kinesis.filter(({ addressed }) => addressed.plane === 'data');
    used.push(...data.map((one) => ({ ...one, subscribes: true })));
  }
  if (subject.kind === 'source') {
    used.push({ addressed: { service: 'dynamodb' }, settings: aws });
  }
  if (config.cloudwatch.level !== 'NONE') {
    used.push({ addressed: { service: 'cloudwatch' }, settings: aws });
  }
  if (usesSts(subject)) {
    used.push({ addressed: { service: 'sts' }, settings: aws });
  }
  if (readsSecrets) {
    used.push({ addressed: { service: 'secretsmanager' }, settings: aws });
  }
  return used;
}

function usesSts({ config }: Subject): boolean {
  const { credentials, dynamoCredentials } = config.aws;
  const roles = 'streamRoles' in config ? Object.keys(config.streamRoles).length : 0;
  return (
    [credentials, dynamoCredentials].some((one) => one !== undefined && /role|web/i.test(one.type)) ||
    roles > 0
  );
}

export interface AddressedEndpoint extends Endpoint {
  readonly used: UsedAddress;
}

/** An address as an endpoint to be looked at; two that are the same have the same name. */
export async function awsEndpoint(used: UsedAddress, clock: Clock): Promise<AddressedEndpoint> {
  const { addressed, settings, subscribes = false } = used;
  const { service } = addressed;
  const named = {
    used,
    name: subscribes ? 'fan-out' : service,
    optional: service === 'cloudwatch',
    signed: true,
  };
  try {
    const url = await addressOf(addressed, settings, { clock });
    return { ...named, place: url.host, order: async () => orderOf(url, settings, subscribes) };
  } catch (error) {
    return { ...named, place: 'without an address', order: () => Promise.reject(error) };
  }
}

function orderOf(url: URL, settings: AwsSettings, subscribes: boolean): ProbeOrder {
  const protocol = url.protocol === 'http:' ? 'http:' : 'https:';
  const place = placeOf(url, DEFAULT_PORTS[protocol]);
  const { proxy } = settings;
  const hop =
    proxy === undefined || goesDirect(proxy.noProxy, place.host, place.port) ? place : hopOf(proxy.url);
  const dial = dialer(settings);
  const protocols: readonly Alpn[] = subscribes ? ['h2', 'http/1.1'] : ['http/1.1'];
  return {
    place,
    hop,
    dial: (signal) => dial({ protocol, hostname: place.host, port: place.port }, protocols, signal),
    http: !subscribes,
    codes: { unreachable: hop === place ? 'AWS_UNAVAILABLE' : 'AWS_PROXY_UNAVAILABLE', tls: 'AWS_TLS' },
    stepTimeout: settings.connectTimeout,
  };
}

const hopOf = (url: string): Place => placeOf(new URL(url), url.startsWith('https:') ? 443 : 80);

export function placeOf({ hostname, port }: URL, defaultPort: number): Place {
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || defaultPort };
}
