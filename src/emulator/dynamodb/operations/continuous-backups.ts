import type { Account } from '../account';
import { allowOnly, type Fields, flag, required, structure, tableName } from '../fields';
import type { Table } from '../table';
import type { Operation } from './operation';

/** Days by which a table can be set back. Source: API reference, RecoveryPeriodInDays. */
const RECOVERY_DAYS = 35;
const DAY_MS = 86_400_000;
/** The newest instant to which a table can be restored lies this far back. Source: Developer Guide, "How it works". */
const RECOVERY_DELAY_MS = 300_000;

export const describeContinuousBackups: Operation = (account, input) => {
  allowOnly(input, ['TableName']);
  return describe(account, account.backedUp(tableName(input)));
};

/** Switches point-in-time recovery. */
export const updateContinuousBackups: Operation = (account, input) => {
  allowOnly(input, ['TableName', 'PointInTimeRecoverySpecification']);
  const name = tableName(input);
  const specification: Fields = required(
    'PointInTimeRecoverySpecification',
    structure(input, 'PointInTimeRecoverySpecification'),
  );
  allowOnly(specification, ['PointInTimeRecoveryEnabled']);
  const enabled = required('PointInTimeRecoveryEnabled', flag(specification, 'PointInTimeRecoveryEnabled'));
  const table = account.backedUp(name);
  table.recoverableSince = enabled ? (table.recoverableSince ?? account.now()) : undefined;
  return describe(account, table);
};

function describe(account: Account, { recoverableSince }: Table): object {
  const recovery =
    recoverableSince === undefined
      ? { PointInTimeRecoveryStatus: 'DISABLED' }
      : {
          PointInTimeRecoveryStatus: 'ENABLED',
          RecoveryPeriodInDays: RECOVERY_DAYS,
          EarliestRestorableDateTime:
            Math.max(recoverableSince, account.now() - RECOVERY_DAYS * DAY_MS) / 1000,
          LatestRestorableDateTime: Math.max(recoverableSince, account.now() - RECOVERY_DELAY_MS) / 1000,
        };
  return {
    ContinuousBackupsDescription: {
      ContinuousBackupsStatus: 'ENABLED',
      PointInTimeRecoveryDescription: recovery,
    },
  };
}
