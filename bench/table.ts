import Table from 'cli-table3';
import type { Result } from './report';

/** Lines between rows cost a screen and say nothing. */
const STYLE = {
  chars: { mid: '', 'left-mid': '', 'mid-mid': '', 'right-mid': '' },
  style: { head: [], border: [], 'padding-left': 0, 'padding-right': 1 },
};

export type Cells = readonly (string | number)[];

/** A table as text, at most 80 columns wide as long as its cells are short. Numbers stand to the right. */
export function table(head: readonly string[], rows: readonly Cells[]): string {
  const isNumber = (column: number): boolean => rows.some((row) => typeof row[column] === 'number');
  const made = new Table({
    ...STYLE,
    head: [...head],
    colAligns: head.map((_, column) => (isNumber(column) ? 'right' : 'left')),
  });
  made.push(...rows.map((row) => [...row]));
  return made.toString();
}

/** Whether a goal was met; empty where there is none. */
export function metText({ met }: Result): string {
  return met === null ? '' : met ? 'yes' : 'NO';
}
