import { callerOf, checkSignatureTime } from '../../../src/emulator/signature';

const NOW = Date.UTC(2026, 0, 1, 12);
const MINUTE = 60_000;

describe('the signature of a request', () => {
  test.each([
    [
      'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20260101/eu-west-1/kinesis/aws4_request, SignedHeaders=host, Signature=0',
      { accessKeyId: 'AKIDEXAMPLE', region: 'eu-west-1' },
    ],
    [
      'AWS4-HMAC-SHA256 SignedHeaders=host,Credential=AKID/20260101/us-east-1/kinesis/aws4_request,Signature=0',
      { accessKeyId: 'AKID', region: 'us-east-1' },
    ],
    ['Bearer token', {}],
    [undefined, {}],
  ])('%s names its caller', (authorization, caller) => {
    expect(callerOf({ authorization })).toEqual(caller);
  });

  test.each([
    ['20260101T120000Z', NOW],
    ['20260101T120000Z', NOW + 5 * MINUTE],
    ['20260101T120000Z', NOW - 5 * MINUTE],
    [undefined, NOW],
  ])('of %s is taken at %i', (date, now) => {
    expect(() => checkSignatureTime({ 'x-amz-date': date }, now)).not.toThrow();
  });

  test.each([
    [
      NOW + 5 * MINUTE + 1_000,
      'Signature expired: 20260101T120000Z is now earlier than 20260101T120001Z (20260101T120501Z - 5 min.)',
    ],
    [
      NOW - 5 * MINUTE - 1_000,
      'Signature not yet current: 20260101T120000Z is still later than 20260101T115959Z (20260101T115459Z + 5 min.)',
    ],
  ])('that is more than five minutes off at %i is refused in the words of AWS', (now, message) => {
    expect(() => checkSignatureTime({ 'x-amz-date': '20260101T120000Z' }, now)).toThrow(
      expect.objectContaining({ type: 'InvalidSignatureException', status: 400, message }),
    );
  });
});
