import { harmless } from '../../api/reports/csv';

describe('text in the CSV of a report', () => {
  it.each(['=1+1', '+1+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '\n=1', '\r\n=1', '＝1+1', '＋1', '－1', '＠x'])(
    'is no formula to a spreadsheet: %j',
    (text) => {
      expect(harmless(text)).toBe(`'${text}`);
    },
  );

  it.each(['', 'plain', '+14155550100', 'a=1', ' =1'])('is left as it is where it is none: %j', (text) => {
    expect(harmless(text)).toBe(text);
  });
});
