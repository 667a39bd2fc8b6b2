/**
 * Something that the person at the terminal can put right: the message says what and how, and is shown without a
 * stack trace.
 */
export class SetupProblem extends Error {
  override readonly name: string = 'SetupProblem';
}
