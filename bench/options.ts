import { InvalidArgumentError } from 'commander';
import { numberBetween } from '../scripts/simulate/input';

/** A commander argument parser for whole numbers within bounds. */
export function wholeNumber(min: number, max: number, unit: string): (text: string) => number {
  const read = numberBetween(min, max, unit);
  return (text) => {
    const value = read(text);
    if (!Number.isInteger(value)) throw new InvalidArgumentError('It must be a whole number.');
    return value;
  };
}
