import { type Finding, isBroken } from './scenario';

/** Columns: what, seen, promised, KCL 2.6.0; a broken promise is marked. */
export function table(title: string, findings: readonly Finding[]): string {
  const rows = [
    ['', 'seen', 'promised', 'KCL 2.6.0'],
    ...findings.map((finding) => [
      finding.what,
      `${plain(finding.value)} ${finding.unit}`,
      finding.atMost === undefined ? '' : `${isBroken(finding) ? 'BROKEN: ' : ''}≤ ${plain(finding.atMost)}`,
      finding.kcl ?? '',
    ]),
  ];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => (row[column] ?? '').length)));
  const lines = rows.map((row) =>
    `  ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('  ')}`.trimEnd(),
  );
  return [title, ...lines, ''].join('\n');
}

function plain(value: number): string {
  return value.toLocaleString('en', { maximumFractionDigits: 2 });
}
