import type { PeerCertificate } from 'node:tls';

/** What a server showed to prove who it is. */
export interface ShownCertificate {
  readonly subject: string;
  readonly issuer: string;
  /** Milliseconds since the epoch. */
  readonly validUntil: number;
}

const DAY_MS = 24 * 3600 * 1000;

/** Undefined when the server showed none. */
export function shownCertificate(peer: PeerCertificate): ShownCertificate | undefined {
  if (peer.valid_to === undefined) {
    return undefined;
  }
  return {
    subject: String(peer.subject?.CN ?? peer.subjectaltname ?? 'no name'),
    issuer: String(peer.issuer?.O ?? peer.issuer?.CN ?? 'nobody named'),
    validUntil: Date.parse(peer.valid_to),
  };
}

/** Whole days that it is still good for; below 0 when it is not any more. */
export function daysLeft({ validUntil }: ShownCertificate, now: number): number {
  return Math.floor((validUntil - now) / DAY_MS);
}
