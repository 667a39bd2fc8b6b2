import fc from 'fast-check';
import { columnsOf } from '../../scripts/callyard/layout';
import { cutApart, tables, type Line } from '../../scripts/callyard/report-table';

const widest = (lines: readonly string[]): number => Math.max(...lines.map(({ length }) => length));
const line = (names: string[], figures: string[]): Line => ({ names, figures });

describe('tables of a report', () => {
  const names = ['campaign', 'number', 'day', 'outcome'];
  const figures = ['received', 'connected', 'converted', 'revenue', 'profit'];
  const row = (campaign: string): Line =>
    line([campaign, '+14155550100', '2026-11-24', 'screened_out'], ['12', '3', '1', '25.00', '15.00']);
  const lines = [
    row('Sample: home insurance, English'),
    row('Sample: home insurance, Spanish'),
    row('(none)'),
  ];

  it('keep dates, numbers and outcomes whole, and as wide in each, and names apart', () => {
    const text = tables(line(names, figures), lines, 80);
    expect(widest(text)).toBeLessThanOrEqual(80);
    const rows = text.filter((each) => each.includes('+1'));
    expect(rows.length).toBeGreaterThan(lines.length);
    for (const each of rows) expect(each).toMatch(/ \+14155550100 {2}2026-11-24 {2}screened_out /);
    expect(new Set(rows.map((each) => each.indexOf('+1'))).size).toBe(1);
    // The figures differ from table to table, the names do not.
    expect(new Set(rows.map((each) => each.slice(0, each.indexOf('+1')))).size).toBe(lines.length);
    for (const each of rows) expect(each.indexOf('+1')).toBeGreaterThanOrEqual(20);
  });

  it('are as wide as the terminal', () => {
    expect(tables(line(names, figures), lines, 200).filter((each) => each.startsWith('campaign'))).toEqual([
      'campaign                         number        day         outcome       received  connected  converted  revenue  profit',
    ]);
    expect(columnsOf({ columns: 200 })).toBe(200);
    expect(columnsOf({ columns: 20 })).toBe(60);
    expect(columnsOf({})).toBe(80);
  });

  it('cut names less than 20 columns only where a figure would not fit by itself', () => {
    const long = 'a name that goes on and on and on, as names of campaigns do';
    const heads = line(['campaign', 'buyer', 'publisher', 'tag:how did you hear of us'], ['profit']);
    const text = tables(heads, [line([long, long, long, long], ['-123456789012.35'])], 60);
    expect(widest(text)).toBeLessThanOrEqual(60);
  });
});

describe('names that are cut', () => {
  const shown = (width: number, ...texts: string[]): (string | undefined)[] => {
    const cut = cutApart(texts, width);
    return texts.map((text) => cut.get(text));
  };

  it('are cut at the end, and in the middle where two would look alike', () => {
    expect(shown(10, 'Roofing, Texas', 'Towing')).toEqual(['Roofing, …', 'Towing']);
    expect(shown(11, 'Sample: home by day', 'Sample: home by night')).toEqual(['Sampl…y day', 'Sampl…night']);
    expect(shown(9, 'Insurance A of somebody', 'Insurance B of somebody')).toEqual([
      '…A of so…',
      '…B of so…',
    ]);
  });

  it('are apart, and fit, whatever they are', () => {
    const name = fc
      .array(fc.constantFrom('a', 'b', 'long '), { maxLength: 20 })
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 8 }), fc.integer({ min: 4, max: 30 }), (texts, width) => {
        const all = shown(width, ...texts);
        expect(all.every((text) => text !== undefined && text.length <= width)).toBe(true);
        expect(new Set(all).size).toBe(texts.length);
      }),
    );
  });
});
