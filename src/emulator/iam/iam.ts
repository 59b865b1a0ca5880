import { isQuery } from '../query-protocol';
import type { Caller, ServiceClock } from '../service-model';
import { checkExpiry, webIdentityOf } from '../sts/web-identity';
import type { WireCall, WireRequest } from '../wire-protocol';
import { accessRequests, membersOf, type Place, type ServiceAccess, textOf } from './access';
import { evaluate } from './evaluation';
import type { Identities } from './identities';
import { arnParts } from './pattern';
import type { PolicyDocument } from './policy-document';
import type { Principal } from './principal';
import { denied, rejected } from './refusal';
import { type AccessRequest, compileDocument, type Statement } from './statement';

/** An action that was called for. */
export interface UsedAccess {
  /** For example `kinesis:GetRecords`. */
  readonly action: string;
  /** An ARN, or `*`. */
  readonly resource: string;
  /** Of the user or the role that called. */
  readonly identity: string;
  /** What the call was signed with; absent when it was not signed. */
  readonly accessKeyId?: string;
}

/** Operations that are called without credentials of AWS. */
const UNSIGNED = new Set(['AssumeRoleWithWebIdentity']);

/**
 * Who may do what. As long as it knows neither users nor roles everybody may do everything; from the first of them on
 * every call is held against the policies.
 */
export class Iam {
  readonly #identities: Identities;
  readonly #clock: ServiceClock;
  readonly #region: string;
  readonly #access: ReadonlyMap<string, ServiceAccess>;
  readonly #resources = new Map<string, readonly Statement[]>();
  readonly #used = new Map<string, UsedAccess>();
  readonly #denied = new Map<string, UsedAccess>();

  /** @param access by the targets of the services. @param region of names when the caller does not say where it is */
  constructor(
    identities: Identities,
    access: ReadonlyMap<string, ServiceAccess>,
    clock: ServiceClock,
    region: string,
  ) {
    this.#identities = identities;
    this.#access = access;
    this.#clock = clock;
    this.#region = region;
  }

  /**
   * Gives these policies, and no others, to whoever signs with an access key. Its secret is not checked.
   * @param accessKeyId `*` = everybody who has none of their own, also who does not sign
   * @param options.arn of the user; of the emulator's account when absent
   * @throws Error when a document is malformed, or says what is not emulated
   */
  attach(
    accessKeyId: string,
    documents: readonly PolicyDocument[],
    options: { readonly arn?: string } = {},
  ): void {
    this.#identities.putUser(accessKeyId, documents, options.arn);
  }

  /**
   * Adds or replaces a role. Sessions that stand have its new policies at once.
   * @param options.maxSessionSeconds 3,600 when absent
   * @throws Error see attach
   */
  role(
    arn: string,
    options: {
      readonly trust: PolicyDocument;
      readonly policies: readonly PolicyDocument[];
      readonly maxSessionSeconds?: number;
    },
  ): void {
    this.#identities.putRole(arn, options.trust, options.policies, options.maxSessionSeconds);
  }

  /** Gives a stream, a consumer, a secret or a table a policy of its own, which other accounts need. @throws Error see attach */
  resourcePolicy(arn: string, document: PolicyDocument): void {
    this.#resources.set(arn, compileDocument(document));
  }

  /** Every action on every resource that was called for since policies are enforced, each once. */
  used(): readonly UsedAccess[] {
    return [...this.#used.values()];
  }

  /** Those among them that were refused at least once. */
  denied(): readonly UsedAccess[] {
    return [...this.#denied.values()];
  }

  /** Empties `used` and `denied`. */
  forgetCalls(): void {
    this.#used.clear();
    this.#denied.clear();
  }

  /**
   * The caller of a call that may be made, with its account.
   * @throws ServiceError as AWS refuses credentials or a call
   */
  admit(call: WireCall, request: WireRequest): Caller {
    const { caller } = request;
    if (this.#identities.isEmpty) {
      return caller;
    }
    const inXml = isQuery(request);
    const principal = UNSIGNED.has(call.operation) ? this.#federated(call) : this.#signer(request, inXml);
    const { account } = principal;
    const place = { region: caller.region ?? this.#region, account };
    for (const one of this.#requestsOf(call, place)) {
      this.#check(one, principal, caller.accessKeyId, inXml);
    }
    return { ...caller, account };
  }

  #requestsOf({ service, operation, input }: WireCall, place: Place): AccessRequest[] {
    const access = this.#access.get(service.target);
    if (access === undefined) {
      throw new Error(`no access rules for ${service.target}`);
    }
    return accessRequests(access, operation, input, place);
  }

  /** @throws ServiceError unless the credentials are good now */
  #signer({ caller, headers }: WireRequest, inXml: boolean): Principal {
    const { accessKeyId } = caller;
    const session = this.#identities.session(accessKeyId);
    if (session !== undefined) {
      if (headers['x-amz-security-token'] !== session.sessionToken) {
        throw rejected('unknown', inXml);
      }
      if (this.#clock.now() >= session.expiresAt) {
        throw rejected('expired', inXml);
      }
    } else if (this.#identities.user(accessKeyId) === undefined) {
      throw rejected(accessKeyId === undefined ? 'unsigned' : 'unknown', inXml);
    }
    return this.#identities.principal(accessKeyId);
  }

  /** @throws ServiceError when the token is none, or has expired */
  #federated({ input }: WireCall): Principal {
    const members = membersOf(input);
    const identity = webIdentityOf(textOf(members, 'WebIdentityToken'));
    checkExpiry(identity, this.#clock.now());
    // A provider is known to the account of the role.
    const account = arnParts(textOf(members, 'RoleArn') ?? '')[4] ?? this.#identities.account;
    const federated = `arn:aws:iam::${account}:oidc-provider/${identity.provider}`;
    return { arn: federated, identity: federated, account, federated };
  }

  /** @throws ServiceError */
  #check(
    request: AccessRequest,
    principal: Principal,
    accessKeyId: string | undefined,
    inXml: boolean,
  ): void {
    const { action, resource } = request;
    const { identity, account, federated } = principal;
    const use = { action, resource, identity, ...(accessKeyId !== undefined && { accessKeyId }) };
    const key = JSON.stringify(use);
    this.#used.set(key, use);
    const trust = action.startsWith('sts:');
    const owner = arnParts(resource)[4];
    const refusal = evaluate(
      {
        identity: federated === undefined ? this.#identities.policiesOf(accessKeyId) : [],
        resource: (trust ? this.#identities.role(resource)?.trust : this.#resources.get(resource)) ?? [],
        trust,
        sameAccount: owner === undefined || owner === '' || owner === account,
      },
      principal,
      {
        ...request,
        context: { ...request.context, 'aws:PrincipalArn': [identity], 'aws:PrincipalAccount': [account] },
      },
    );
    if (refusal !== undefined) {
      this.#denied.set(key, use);
      throw denied(request, principal, refusal, inXml);
    }
  }
}
