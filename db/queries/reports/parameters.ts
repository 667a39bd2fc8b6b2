/** Values of a statement that is put together of parts, each told its type. */
export class Parameters {
  readonly values: unknown[] = [];

  /** @returns the placeholder, for example `$3::text[]` */
  add(value: unknown, type: 'text' | 'text[]' | 'date' | 'timestamptz' | 'integer'): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}
