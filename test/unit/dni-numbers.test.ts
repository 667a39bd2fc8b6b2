import fc from 'fast-check';
import { changed, changesIn } from '../../dni/numbers';

const US = '14155550123';
const UK = '442079460000';
const ITALY = '390612345678';

function swap(text: string, own: string | string[], shown: string): string {
  return changed(text, changesIn(text, [own].flat(), shown));
}

describe('numbers in the text of a page', () => {
  it.each([
    ['(415) 555-0123', '(628) 555-0199'],
    ['415.555.0123', '628.555.0199'],
    ['415-555-0123', '628-555-0199'],
    ['4155550123', '6285550199'],
    ['+1 415 555 0123', '+1 628 555 0199'],
    ['+14155550123', '+16285550199'],
    ['1-415-555-0123', '1-628-555-0199'],
    ['1 (415) 555 0123', '1 (628) 555 0199'],
    ['001 415 555 0123', '001 628 555 0199'],
    ['415\u00a0555\u20110123', '628\u00a0555\u20110199'],
    ['Call (415) 555-0123, or 415.555.0123!', 'Call (628) 555-0199, or 628.555.0199!'],
    ['415-555-0123 415-555-0123', '628-555-0199 628-555-0199'],
  ])('keep their notation: %s', (text, expected) => {
    expect(swap(text, US, '16285550199')).toBe(expected);
  });

  it.each([
    [UK, '442079460958', '020 7946 0000', '020 7946 0958'],
    [UK, '442079460958', '+44 20 7946 0000', '+44 20 7946 0958'],
    [UK, '442079460958', '+44 (0)20 7946 0000', '+44 (0)20 7946 0958'],
    [UK, '442079460958', '0044 20 7946 0000', '0044 20 7946 0958'],
    [ITALY, '390687654321', '06 1234 5678', '06 8765 4321'],
    // Of another country, or another length: right, if not pretty.
    [US, '442079460958', '(415) 555-0123', '(+44) 207-9460958'],
    [US, '442079460958', '+1 415 555 0123', '+4 420 794 60958'],
    [UK, '44207946095', '020 7946 0000', '020 7946 095'],
    [UK, '4420794609581', '020 7946 0000', '020 7946 09581'],
  ])('are read as their country writes them: %s by %s in %s', (own, shown, text, expected) => {
    expect(swap(text, own, shown)).toBe(expected);
  });

  it.each([
    '94155550123',
    '41555501234',
    'order 2024155550123',
    '415 555 0124',
    '415 and 555 or 0123',
    '415      555      0123',
    '5550123',
    '020 7946 0000',
    '',
  ])('are left alone where it is another: %s', (text) => {
    expect(swap(text, US, '16285550199')).toBe(text);
  });

  it('can be several of the page, and the one that is shown is left', () => {
    const text = 'Sales 415-555-0123, service 415-555-0124, fax 415-555-0125';
    expect(swap(text, [US, '14155550124'], '14155550124')).toBe(
      'Sales 415-555-0124, service 415-555-0124, fax 415-555-0125',
    );
  });

  it('keep every character but digits, in any notation, and can be swapped back', () => {
    const separator = fc.constantFrom('', ' ', '-', '.', ' - ', '\u00a0', '/');
    const digits = fc.stringMatching(/^[2-9]\d{9}$/);
    const property = fc.property(
      digits,
      digits,
      separator,
      separator,
      fc.boolean(),
      fc.constantFrom('', '+1 ', '1-', '+1'),
      (own, shown, one, two, brackets, country) => {
        fc.pre(own !== shown);
        const area = brackets ? `(${own.slice(0, 3)})` : own.slice(0, 3);
        const text = `Call ${country}${area}${one}${own.slice(3, 6)}${two}${own.slice(6)} now`;
        const swapped = swap(text, `1${own}`, `1${shown}`);
        expect(swapped.replace(/\d/g, '#')).toBe(text.replace(/\d/g, '#'));
        expect(swapped.replace(/\D/g, '').endsWith(shown)).toBe(true);
        expect(swap(swapped, `1${shown}`, `1${own}`)).toBe(text);
      },
    );
    fc.assert(property);
  });
});
