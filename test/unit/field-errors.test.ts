import { z } from 'zod';
import { fieldErrors } from '../../api/field-errors';

describe('what is wrong with a field', () => {
  const said = (schema: z.ZodType, value: unknown): string[] =>
    fieldErrors(schema.safeParse(value).error?.issues ?? []).map(({ message }) => message);

  it('is said in words that fit behind its name', () => {
    expect(said(z.number().min(1), 0)).toEqual(['must be at least 1']);
    expect(said(z.number().lt(5), 5)).toEqual(['must be less than 5']);
    expect(said(z.coerce.number(), 'ten')).toEqual(['must be a number']);
    expect(said(z.int(), 1.5)).toEqual(['must be a whole number']);
    expect(said(z.string(), 1)).toEqual(['must be text']);
    expect(said(z.string().min(1), '')).toEqual(['must not be empty']);
    expect(said(z.array(z.int()).max(1), [1, 2])).toEqual(['must have at most 1 item']);
    expect(said(z.enum(['waiting', 'dead']), 'x')).toEqual(['must be one of waiting, dead']);
    expect(said(z.strictObject({ a: z.string() }), {})).toEqual(['is missing']);
  });

  it('is what the schema itself says, where it says something', () => {
    expect(said(z.number().min(1, 'must be one call'), 0)).toEqual(['must be one call']);
    expect(said(z.union([z.literal('draft'), z.int()], 'must be draft or a number'), 'x')).toEqual([
      'must be draft or a number',
    ]);
    expect(said(z.union([z.strictObject({ days: z.int().min(1) }), z.string()]), { days: 0 })).toEqual([
      'must be at least 1',
    ]);
  });
});
