/** The row a statement changed. @throws when there is none, because it was not locked before */
export function only<T>(rows: readonly T[]): T {
  const [row] = rows;
  if (row === undefined) throw new Error('The row is gone: lock it before it is changed');
  return row;
}
