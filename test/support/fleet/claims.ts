import { VALIDITY_MARGIN_MS } from '../../../src/lease/validity';
import type { Attempt, Claim } from './claim';
import { type History, shortName } from './history';
import type { LeaseRow, UpdateFacts } from './lease-row';

/** `w2-0-host-0a1b` as `w2`. */
export const workerOf = (owner: string): string => owner.slice(0, owner.indexOf('-'));

/** What every worker may do with every shard, and what it knows of that by the answers it gets. */
export class Claims {
  readonly #claims = new Map<string, Claim>();

  constructor(
    private readonly rows: ReadonlyMap<string, LeaseRow>,
    private readonly history: History,
    private readonly rules: { readonly failoverTime: number; now(): number },
  ) {}

  of(worker: string, shardId: string): Claim | undefined {
    return this.#claims.get(`${worker} ${shardId}`);
  }

  attempt(worker: string, shardId: string, { counter, kind }: UpdateFacts): Attempt {
    const claim = this.of(worker, shardId);
    if ((kind === 'evict' || kind === 'finish') && claim?.state === 'held') {
      claim.state = 'leaving';
    }
    const asks = kind === 'request' || kind === 'withdraw';
    if (claim !== undefined && !asks) {
      claim.writes = true;
      if (claim.underWay++ > 0 && (claim.state === 'held' || claim.state === 'leaving')) {
        this.history.broken(
          `G4 ${shortName(shardId)}: ${worker} wrote again before its write was answered`,
          shardId,
        );
      }
    }
    const open = [...(claim?.lanes ?? [])].filter(({ closed }) => !closed).map(({ confirmed }) => confirmed);
    return {
      worker,
      shardId,
      startedAt: this.rules.now(),
      claim: asks ? undefined : claim,
      confirmed: claim?.confirmed ?? -1,
      open: Math.max(-1, ...open),
      counter,
      // Without a consumer it may be adopting the row, which it then does as it stands.
      request:
        claim !== undefined && [...claim.lanes].some(({ closed }) => !closed) ? claim.request : undefined,
    };
  }

  /** An attempt was answered, or given up. */
  over({ claim }: Attempt): void {
    if (claim !== undefined) {
      claim.underWay--;
    }
  }

  /** A new consumer of `worker` begins to send: the claim it does so by. */
  beginning(worker: string, shardId: string): Claim | undefined {
    const claim = this.of(worker, shardId);
    const owner = this.rows.get(shardId)?.owner;
    const regained = claim?.state === 'leaving' || claim?.state === 'told';
    if (claim === undefined || !regained || owner === undefined || workerOf(owner) !== worker) {
      return claim;
    }
    const again: Claim = { ...claim, state: 'held', confirmed: -1, lanes: new Set() };
    this.#claims.set(`${worker} ${shardId}`, again);
    return again;
  }

  /**
   * An answer with this one row has reached `worker`: of its write, or of a read. Reads behind a write that has no
   * answer are those of an owner; others may be those of one who asks for the lease.
   */
  told(worker: string, shardId: string, row: LeaseRow | undefined, by: 'write' | 'read'): void {
    const claim = this.of(worker, shardId);
    const asks = by === 'read' && claim?.writes !== true;
    if (claim !== undefined && by === 'write') {
      claim.writes = false;
    }
    if (claim?.state !== 'held') {
      return;
    }
    const owner = row?.owner === undefined ? undefined : workerOf(row.owner);
    if (owner === worker) {
      claim.request = asks ? claim.request : row?.handoffId;
    } else if (this.rows.get(shardId)?.owner === row?.owner) {
      // An answer may be older than a claim: only what still is so counts.
      claim.state = 'told';
    }
  }

  /** What `worker` has from a write on that was answered to nobody before. */
  renew({ worker, shardId, startedAt }: Attempt): Claim {
    const claim: Claim = {
      worker,
      shardId,
      validUntil: this.validity(startedAt),
      validSince: this.rules.now(),
      state: 'held',
      confirmed: -1,
      lanes: new Set(),
      request: undefined,
      writes: false,
      underWay: 0,
    };
    this.#claims.set(`${worker} ${shardId}`, claim);
    return claim;
  }

  validity(startedAt: number): number {
    return startedAt + this.rules.failoverTime - VALIDITY_MARGIN_MS;
  }
}
