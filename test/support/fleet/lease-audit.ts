import type { Attempt, Claim } from './claim';
import { Claims, workerOf } from './claims';
import { type History, shortName } from './history';
import type { LeaseRow } from './lease-row';
import { NumberingAudit } from './numbering-audit';
import type { RecordAudit } from './record-audit';

/** Milliseconds for which a row that was handed over is left to whom it was handed. Source: DESIGN §6. */
const RESERVED_MS = 2000;

export interface LeaseRules {
  readonly failoverTime: number;
  /** Whether reading starts at an instant, which every row then names. */
  readonly startsAtInstant: boolean;
  now(): number;
  parentsOf(shardId: string): readonly string[];
}

/** The lease table as every write leaves it: who may do what, and what no write may ever do. */
export class LeaseAudit {
  readonly rows = new Map<string, LeaseRow>();
  readonly claims: Claims;
  readonly numbering: NumberingAudit;
  /** Rows that somebody else has moved. */
  readonly moved = new Set<string>();
  readonly #deleted = new Set<string>();
  /** When a row was given up in favour of a worker. */
  readonly #reserved = new Map<string, { readonly by: string; readonly at: number }>();
  steals = 0;

  constructor(
    private readonly history: History,
    private readonly records: RecordAudit,
    private readonly rules: LeaseRules,
  ) {
    this.claims = new Claims(this.rows, history, rules);
    this.numbering = new NumberingAudit(history, records);
  }

  created(row: LeaseRow, worker: string): void {
    const { shardId, startAt, parents } = row;
    this.#note(row, worker, 'creates it');
    if (this.#deleted.has(shardId)) {
      this.#broken('table', row, 'was deleted and created again');
    }
    if (startAt === undefined && this.rules.startsAtInstant) {
      this.#broken('G1', row, 'was created without the instant at which reading starts');
    }
    const expected = this.rules.parentsOf(shardId);
    if ([...parents].sort().join() !== [...expected].sort().join()) {
      this.#broken('G2', row, `has the parents ${parents.join()} instead of ${expected.join()}`);
    }
    this.records.begun(shardId, startAt ?? 0);
    this.rows.set(shardId, row);
  }

  updated(before: LeaseRow, after: LeaseRow, attempt: Attempt): void {
    const { worker, shardId } = attempt;
    this.rows.set(shardId, after);
    if (before.owner !== undefined && workerOf(before.owner) === worker) {
      this.#ownerWrote(before, after, attempt);
    } else if (after.owner !== before.owner) {
      this.#taken(before, after, attempt);
    } else {
      this.#asked(before, after, worker);
      return;
    }
    if (attempt.counter !== before.counter || after.counter !== before.counter + 1) {
      this.#broken('G4', after, `${worker} wrote for counter ${attempt.counter} onto ${before.counter}`);
    }
  }

  deleted(row: LeaseRow, worker: string): void {
    this.#note(row, worker, 'deletes it');
    if (row.checkpoint.sequenceNumber !== 'SHARD_END') {
      this.#broken('table', row, 'was deleted before it was finished');
    }
    this.rows.delete(row.shardId);
    this.#deleted.add(row.shardId);
  }

  /** A program that is not ours has written to a row. */
  moves(row: LeaseRow, by: string): void {
    const { sequenceNumber } = row.checkpoint;
    this.#note(row, by, `writes to it: ${row.owner ?? 'nobody'}, ${sequenceNumber}`);
    this.moved.add(row.shardId);
    this.#reserved.delete(row.shardId);
    this.rows.set(row.shardId, row);
  }

  /** Whether the shard ever had a row. */
  knows(shardId: string): boolean {
    return this.rows.has(shardId) || this.#deleted.has(shardId);
  }

  #ownerWrote(before: LeaseRow, after: LeaseRow, attempt: Attempt): void {
    const { worker, shardId, startedAt } = attempt;
    const claim = this.claims.of(worker, shardId) ?? this.claims.renew(attempt);
    if (this.rules.now() > claim.validUntil) {
      claim.validSince = this.rules.now();
    }
    claim.validUntil = Math.max(claim.validUntil, this.claims.validity(startedAt));
    const place = this.records.placeOf(shardId, after.checkpoint);
    this.#checkpointMoved(before, after);
    this.numbering.written(before, after, worker);
    if (after.owner === undefined) {
      this.#left(after, attempt, claim, place);
      return;
    }
    if (after.owner !== before.owner) {
      this.#broken('G4', after, `${worker} gave it to ${after.owner}`);
    }
    this.#note(
      after,
      worker,
      place === this.records.placeOf(shardId, before.checkpoint) ? 'renews' : 'checkpoints',
    );
    if (place < attempt.open) {
      this.#broken('G3', after, `the checkpoint of ${worker}'s renewal lacks what was confirmed before it`);
    }
    if (place < attempt.confirmed && attempt.open < 0) {
      // Adopted after its consumer had ended by losing it: that one's confirmations are forgotten.
      this.claims.renew(attempt);
    }
    if (
      attempt.request !== undefined &&
      attempt.request === after.handoffId &&
      after.draining !== after.handoffId
    ) {
      this.#broken('hand-over', after, `${worker} knew the request and wrote without answering it`);
    }
  }

  #left(row: LeaseRow, { worker, shardId, confirmed }: Attempt, claim: Claim, place: number): void {
    const ended = row.checkpoint.sequenceNumber === 'SHARD_END';
    this.#note(row, worker, ended ? 'finishes it' : 'gives it up');
    claim.state = 'left';
    if (place < confirmed) {
      this.#broken('G3', row, `${worker} gave it up without what was confirmed`);
    }
    if (ended) {
      for (const child of row.children) {
        if (!this.knows(child)) {
          this.#broken('table', row, `was finished before its child ${shortName(child)} had a row`);
        }
      }
    } else if (row.handoffTo !== undefined) {
      this.#reserved.set(shardId, { by: workerOf(row.handoffTo), at: this.rules.now() });
    }
  }

  #taken(before: LeaseRow, after: LeaseRow, attempt: Attempt): void {
    const { worker, shardId } = attempt;
    const now = this.rules.now();
    if (after.owner === undefined || workerOf(after.owner) !== worker) {
      this.#broken('G4', after, `${worker}, who does not own it, gave it to ${after.owner ?? 'nobody'}`);
    }
    this.#note(
      after,
      worker,
      `takes it from ${before.owner === undefined ? 'nobody' : workerOf(before.owner)}`,
    );
    const reserved = this.#reserved.get(shardId);
    this.#reserved.delete(shardId);
    if (reserved !== undefined && reserved.by !== worker && now < reserved.at + RESERVED_MS) {
      this.#broken('hand-over', after, `${worker} took what was handed to ${reserved.by}`);
    }
    const loser = before.owner === undefined ? undefined : this.claims.of(workerOf(before.owner), shardId);
    if (loser !== undefined && loser.validUntil > now) {
      this.steals++;
      this.history.note('which is a steal', worker, shardId);
      if (before.handoffTo === undefined || workerOf(before.handoffTo) !== worker) {
        this.#broken('G4', after, `${worker} stole it from ${loser.worker} without asking`);
      }
    }
    if (after.handoffTo !== undefined || after.draining !== undefined) {
      this.#broken('hand-over', after, `${worker} took it and left the request in the row`);
    }
    this.#checkpointKept(before, after, worker);
    this.claims.renew(attempt);
  }

  /** A write to the row of another: it may ask for it, or take that back, and nothing else. */
  #asked(before: LeaseRow, after: LeaseRow, worker: string): void {
    const { shardId, handoffTo } = after;
    const owner = after.owner === undefined ? 'nobody' : workerOf(after.owner);
    this.#note(after, worker, handoffTo === undefined ? 'withdraws its request' : `asks ${owner} for it`);
    this.#checkpointKept(before, after, worker);
    const asker = handoffTo ?? before.handoffTo;
    if (asker === undefined || workerOf(asker) !== worker || after.counter !== before.counter) {
      this.#broken('G4', after, `${worker} wrote to it without owning it`);
    }
    if (handoffTo === undefined) {
      this.#reserved.delete(shardId);
    }
  }

  #checkpointMoved(before: LeaseRow, after: LeaseRow): void {
    const { shardId } = after;
    const was = this.records.placeOf(shardId, before.checkpoint);
    const is = this.records.placeOf(shardId, after.checkpoint);
    if (!this.records.names(shardId, after.checkpoint)) {
      const { sequenceNumber, subSequenceNumber } = after.checkpoint;
      this.#broken('G1', after, `its checkpoint ${sequenceNumber}.${subSequenceNumber} names no record`);
    } else if (is < was) {
      this.#broken('G1', after, `its checkpoint went back from place ${was} to ${is}`);
    } else if (is > was) {
      this.records.checkpointed(shardId, is);
    }
  }

  #checkpointKept(before: LeaseRow, after: LeaseRow, worker: string): void {
    if (
      before.checkpoint.sequenceNumber !== after.checkpoint.sequenceNumber ||
      before.checkpoint.subSequenceNumber !== after.checkpoint.subSequenceNumber
    ) {
      this.#broken('G4', after, `${worker} moved the checkpoint of another's lease`);
    }
  }

  #note({ shardId, counter }: LeaseRow, worker: string, what: string): void {
    this.history.note(`${what} (${counter})`, worker, shardId);
  }

  #broken(guarantee: string, { shardId }: LeaseRow, what: string): void {
    this.history.broken(`${guarantee} ${shortName(shardId)}: ${what}`, shardId);
  }
}
