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
  /** Whether requests to it carry a signature, which is good for a time only. */
  readonly signed?: boolean;
  /** @throws ConnectorError where there is no address */
  order(): Promise<ProbeOrder>;
}

const NETWORK = 'network';
export const endpointKey = ({ name, place }: Pick<Endpoint, 'name' | 'place'>): string =>
  `endpoint ${name} ${place}`;

/** One line an endpoint, and one for the clocks of all. */
export function endpointChecks(endpoints: readonly Endpoint[], parts: ProbeParts): Check[] {
  const reached = new Map<string, ToldTime>();
  const checks = endpoints.map((endpoint): Check => {
    const { name, place, order, optional = false, signed = false } = endpoint;
    const alone = endpoints.filter((other) => other.name === name).length === 1;
    const title = alone ? name : `${name} ${place}`;
    return {
      key: endpointKey(endpoint),
      id: 'endpoint.reach',
      group: NETWORK,
      title,
      ...(optional ? { overdue: 'warning' as const } : {}),
      run: async (signal) => {
        try {
          const given = await order();
          const found = await probe(given, parts, signal);
          reached.set(title, { clockAhead: found.clockAhead, signed });
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

interface ToldTime extends Pick<Reached, 'clockAhead'> {
  /** See Endpoint. */
  readonly signed: boolean;
}

const SET_CLOCK = 'Set the clock of this machine, and keep it right by NTP.';

/** By the service that differs most; it fails only where signatures would. */
export function judgeClocks(reached: ReadonlyMap<string, ToldTime>): Finding {
  const told = [...reached]
    .flatMap(([name, { clockAhead, signed }]) =>
      clockAhead === undefined ? [] : [{ name, signed, ahead: clockAhead }],
    )
    .toSorted((a, b) => Math.abs(b.ahead) - Math.abs(a.ahead));
  const [worst] = told;
  if (worst === undefined) {
    return skipped('no service told its time');
  }
  const refusing = told.find(({ signed, ahead }) => signed && Math.abs(ahead) >= CLOCK_LIMIT_MS);
  if (refusing !== undefined) {
    const hint = `${SET_CLOCK} AWS refuses signatures more than five minutes off.`;
    return failed(clockWords(refusing), hint, 'AWS_CLOCK_SKEW');
  }
  // A Date header has whole seconds.
  if (Math.abs(worst.ahead) < 1000) {
    return ok(`within a second of ${told.length === 1 ? worst.name : `${told.length} services`}`);
  }
  const words = clockWords(worst);
  if (Math.abs(worst.ahead) < CLOCK_WARNING_MS) {
    return ok(words);
  }
  return warning(
    words,
    worst.signed ? SET_CLOCK : `Set the clock that is wrong: that of ${worst.name}, or ours.`,
  );
}

function clockWords({ name, ahead }: { readonly name: string; readonly ahead: number }): string {
  return `${(Math.abs(ahead) / 1000).toFixed(0)} s ${ahead < 0 ? 'ahead of' : 'behind'} ${name}`;
}
