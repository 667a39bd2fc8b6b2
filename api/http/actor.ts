import { Problem } from '../problems';

export const ACTOR_HEADER = 'Callyard-Actor';

/** Something a person can read, in any script. */
const NAME = /^[^\p{C}]{1,80}$/u;

/**
 * Who is acting, for the audit trail: the holder of the admin key, who may say which person it is.
 * @param header value of `Callyard-Actor`, as Node reads it: one character a byte
 * @throws Problem `invalid_request`
 */
export function readActor(header: string | undefined): string {
  if (header === undefined) return 'admin';
  const utf8 = Buffer.from(header, 'latin1').toString('utf8');
  const name = (utf8.includes('\ufffd') ? header : utf8).trim();
  if (!NAME.test(name)) {
    throw new Problem('invalid_request', `${ACTOR_HEADER} must be a name of 1 to 80 printable characters`, [
      { pointer: `/${ACTOR_HEADER}`, message: 'must be 1 to 80 printable characters' },
    ]);
  }
  return `admin (${name})`;
}
