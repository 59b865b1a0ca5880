import { throwIfAborted } from '../util/abort';
import type { Clock } from '../util/clock';
import { daysLeft } from './certificate';
import { type Check, type Finding, failed, findingOf, ok, skipped, warning } from './check';
import { type ProbeOrder, type ProbeParts, probe, type Reached } from './endpoint-probe';

/** Days before the end of a certificate from which on it is warned of. */
const CERTIFICATE_DAYS = 14;
/** Source: AWS, Signature Version 4: a signature may be five minutes off. */
const CLOCK_LIMIT_MS = 5 * 60_000;
const CLOCK_WARNING_MS = 5000;

/** An address that connectors use. */
export interface Endpoint {
  /** For people: `kinesis`, `pulsar`, … */
  readonly name: string;
  /** Tells it from the others of that name; the host, for example. */
  readonly place: string;
  /** Whether the connector works without it. */
  readonly optional?: boolean;
  /** @throws ConnectorError where there is no address */
  order(): Promise<ProbeOrder>;
}

export const NETWORK = 'network';
export const endpointKey = ({ name, place }: Pick<Endpoint, 'name' | 'place'>): string =>
  `endpoint ${name} ${place}`;

/** One line an endpoint, and one for the clocks of all. */
export function endpointChecks(endpoints: readonly Endpoint[], parts: ProbeParts): Check[] {
  const reached = new Map<string, Reached>();
  const checks = endpoints.map((endpoint): Check => {
    const { name, place, order, optional = false } = endpoint;
    const alone = endpoints.filter((other) => other.name === name).length === 1;
    const title = alone ? name : `${name} ${place}`;
    return {
      key: endpointKey(endpoint),
      id: 'endpoint.reach',
      group: NETWORK,
      title,
      run: async (signal) => {
        try {
          const given = await order();
          const found = await probe(given, parts, signal);
          reached.set(title, found);
          return judgeReach(given, found, parts.clock);
        } catch (error) {
          throwIfAborted(signal);
          return findingOf(error, optional ? 'warning' : 'failed');
        }
      },
    };
  });
  const clock: Check = {
    key: 'clock',
    id: 'endpoint.clock',
    group: NETWORK,
    title: 'clock',
    after: checks.map(({ key }) => key),
    run: async () => judgeClocks(reached),
  };
  return checks.length === 0 ? [] : [...checks, clock];
}

function judgeReach({ place, hop }: ProbeOrder, found: Reached, clock: Clock): Finding {
  const ms = (time: number): string => `${Math.round(time)} ms`;
  const { addresses, lookupMs, connectMs, dialMs, tls } = found;
  const way = hop === place ? '' : ` through the proxy ${hop.host}:${hop.port}`;
  const [first = 'no address', ...others] = addresses;
  const words = [
    `${place.host}:${place.port}${way}`,
    first === hop.host
      ? ''
      : `${first}${others.length === 0 ? '' : ` (+${others.length})`} in ${ms(lookupMs)}`,
    `TCP ${ms(connectMs)}`,
    tls === undefined ? '' : `${tls.version} ${ms(dialMs)}${tls.http2 ? ', HTTP/2' : ''}`,
    tls === undefined ? 'no TLS' : certificateWords(tls.certificate),
  ];
  const text = words.filter((word) => word !== '').join(', ');
  const left = tls?.certificate === undefined ? undefined : daysLeft(tls.certificate, clock.now());
  return left !== undefined && left < CERTIFICATE_DAYS
    ? warning(
        `${text}: ${left < 0 ? 'it has run out' : `${left} days left`}`,
        'Have the certificate renewed before it runs out: then nothing connects any more.',
      )
    : ok(text);
}

function certificateWords(certificate: NonNullable<Reached['tls']>['certificate']): string {
  if (certificate === undefined) {
    return 'without a certificate';
  }
  const { subject, issuer, validUntil } = certificate;
  return `${subject} by ${issuer} until ${new Date(validUntil).toISOString().slice(0, 10)}`;
}

/** By the service that differs most. */
export function judgeClocks(reached: ReadonlyMap<string, Pick<Reached, 'clockAhead'>>): Finding {
  const told = [...reached].flatMap(([name, { clockAhead }]) =>
    clockAhead === undefined ? [] : [{ name, ahead: clockAhead }],
  );
  const [worst] = told.toSorted((a, b) => Math.abs(b.ahead) - Math.abs(a.ahead));
  if (worst === undefined) {
    return skipped('no service told its time');
  }
  const { name, ahead } = worst;
  const by = Math.abs(ahead);
  // A Date header has whole seconds.
  const words =
    by < 1000
      ? `within a second of ${told.length === 1 ? name : `${told.length} services`}`
      : `${(by / 1000).toFixed(0)} s ${ahead < 0 ? 'ahead of' : 'behind'} ${name}`;
  const hint = 'Set the clock of this machine, and keep it right by NTP.';
  if (by >= CLOCK_LIMIT_MS) {
    return failed(words, `${hint} AWS refuses signatures more than five minutes off.`, 'AWS_CLOCK_SKEW');
  }
  return by >= CLOCK_WARNING_MS ? warning(words, hint) : ok(words);
}
