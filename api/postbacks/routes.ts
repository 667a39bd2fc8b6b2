import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { buyerIdSchema } from '../../contract/resources/ids';
import { postbackSecretSchema } from '../../contract/resources/money';
import { setPostbackSecret } from '../../db/queries/postbacks';
import { writeRoute, type Route } from '../http/route';
import { Problem } from '../problems';

const params = z.strictObject({ id: buyerIdSchema });
const PATH = '/buyers/{id}/postback-secret';

export const postbackSecretRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: PATH,
    operationId: 'rotatePostbackSecret',
    summary: 'Let a buyer report conversions, with a new secret',
    description:
      'The secret is shown here and never again. One that was given out before is not taken any more. Each request makes ' +
      'a new one, also under an Idempotency-Key that was sent before.',
    tag: 'Buyers',
    tellsSecret: true,
    params,
    responses: { 200: { description: 'The secret, and where to report.', body: postbackSecretSchema } },
    async handle({ db, params: { id } }) {
      // Standard Webhooks: 24 to 64 random bytes in base64. URL-safe letters only, for those who have it in a path.
      const secret = `whsec_${newKey()}`;
      if (!(await setPostbackSecret(db, id, secret)))
        throw new Problem('not_found', `There is no buyer ${id}`);
      return {
        status: 200,
        body: {
          buyerId: id,
          secret,
          signedPath: `/postbacks/${id}`,
          secretPath: `/postbacks/${id}/${secret}`,
        },
        audit: [entry(id, 'rotate_postback_secret')],
      };
    },
  }),
  writeRoute({
    method: 'delete',
    path: PATH,
    operationId: 'removePostbackSecret',
    summary: 'Take no more reports of a buyer',
    tag: 'Buyers',
    params,
    responses: { 204: { description: 'Whatever they report is refused from now on.', body: null } },
    async handle({ db, params: { id } }) {
      if (!(await setPostbackSecret(db, id, null))) throw new Problem('not_found', `There is no buyer ${id}`);
      return { status: 204, body: null, audit: [entry(id, 'remove_postback_secret')] };
    },
  }),
];

function newKey(): string {
  for (;;) {
    const key = randomBytes(30).toString('base64');
    if (/^[A-Za-z0-9]+$/.test(key)) return key;
  }
}

/** Without the secret itself. */
function entry(id: string, action: string) {
  return { action, entity: 'buyer', entityId: id, campaignId: null, before: null, after: null };
}
