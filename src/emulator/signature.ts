import { type Caller, ServiceError } from './service-model';
import type { WireRequest } from './wire-protocol';

type Headers = WireRequest['headers'];

/** How far a signature's time may be from the service's, milliseconds. Source: AWS, Signature Version 4. */
const TOLERANCE = 5 * 60_000;

const CREDENTIAL = /\bCredential=([^/\s,]+)\/\d{8}\/([^/\s,]+)\//;
const TIME = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/;

/** What the credential scope of a request says; nothing for a request without signature. */
export function callerOf(headers: Headers): Caller {
  const [, accessKeyId, region] = CREDENTIAL.exec(String(headers.authorization ?? '')) ?? [];
  return { ...(accessKeyId !== undefined && { accessKeyId }), ...(region !== undefined && { region }) };
}

/**
 * Refuses a request signed more than five minutes before or after `now`, in the words of AWS; one without a time passes.
 * @throws ServiceError InvalidSignatureException
 */
export function checkSignatureTime(headers: Headers, now: number): void {
  const signed = String(headers['x-amz-date'] ?? '');
  const at = Date.parse(signed.replace(TIME, '$1-$2-$3T$4:$5:$6Z'));
  if (at < now - TOLERANCE) {
    throw invalidSignature(
      `Signature expired: ${signed} is now earlier than ${basic(now - TOLERANCE)} (${basic(now)} - 5 min.)`,
    );
  }
  if (at > now + TOLERANCE) {
    throw invalidSignature(
      `Signature not yet current: ${signed} is still later than ${basic(now + TOLERANCE)} (${basic(now)} + 5 min.)`,
    );
  }
}

const basic = (ms: number): string => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, '');

const invalidSignature = (message: string): ServiceError =>
  new ServiceError('InvalidSignatureException', message);
