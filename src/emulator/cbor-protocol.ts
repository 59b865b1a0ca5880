import { readCbor, writeCbor } from './cbor-value';
import { rpcTarget } from './rpc-target';
import { contentTypeOf, type WireCall, type WireProtocol, type WireRequest } from './wire-protocol';

const CBOR_1_1 = 'application/x-amz-cbor-1.1';

export const isCbor = (request: Pick<WireRequest, 'headers'>): boolean => contentTypeOf(request) === CBOR_1_1;

/** AWS JSON 1.1 with CBOR in the place of JSON, as AWS' SDKs for Java speak it. Source: aws-sdk-java-v2, AwsCborProtocolFactory. */
export const CBOR_PROTOCOL: WireProtocol = {
  read(services, request) {
    const target = rpcTarget(services, request, (service) => service.wireTypes !== undefined);
    return { ...target, input: readCbor(request.body, target.service.wireTypes) };
  },

  invoke: (call, { caller }) => answer(call.service.invoke(call.operation, call.input, caller), call),

  failure: ({ type, message, fields }) => answer({ __type: type, message, ...fields }),

  // A guess: the SDKs for Java subscribe by JSON.
  event: (call, text) => answer(JSON.parse(text), call),
};

const answer = (value: unknown, call?: WireCall) => ({
  contentType: CBOR_1_1,
  body: writeCbor(value, call?.service.wireTypes),
});
