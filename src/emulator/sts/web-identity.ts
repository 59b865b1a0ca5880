import { ServiceError } from '../service-model';

/** What the token of an OpenID Connect provider says. Its signature is not checked. */
export interface WebIdentity {
  /** Host and path of the issuer, as ARNs and condition keys of the provider have it. */
  readonly provider: string;
  readonly subject: string;
  readonly audience: string | undefined;
  /** Seconds since the epoch. */
  readonly expiresAt: number;
}

/** @throws ServiceError InvalidIdentityToken */
export function webIdentityOf(token: string | undefined): WebIdentity {
  const parts = token?.split('.') ?? [];
  const claims = parts.length === 3 ? claimsOf(parts[1] ?? '') : undefined;
  const { iss, sub, aud, exp } = claims ?? {};
  if (typeof iss !== 'string' || typeof sub !== 'string' || typeof exp !== 'number') {
    throw new ServiceError('InvalidIdentityToken', 'The ID Token provided is not a valid JWT.');
  }
  const audience = Array.isArray(aud) ? aud[0] : aud;
  return {
    provider: iss.replace(/^https?:\/\//, ''),
    subject: sub,
    audience: typeof audience === 'string' ? audience : undefined,
    expiresAt: exp,
  };
}

/** @throws ServiceError ExpiredTokenException */
export function checkExpiry({ expiresAt }: WebIdentity, now: number): void {
  const seconds = Math.floor(now / 1000);
  if (seconds >= expiresAt) {
    throw new ServiceError(
      'ExpiredTokenException',
      `Token expired: current date/time ${seconds} must be before the expiration date/time ${expiresAt}`,
    );
  }
}

function claimsOf(part: string): { readonly [name: string]: unknown } | undefined {
  try {
    const claims: unknown = JSON.parse(Buffer.from(part, 'base64url').toString());
    return typeof claims === 'object' && claims !== null ? { ...claims } : undefined;
  } catch {
    return undefined;
  }
}
