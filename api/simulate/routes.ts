import { simulateSchema, simulationSchema } from '../../contract/resources/simulation';
import { peekLimits } from '../../db/queries/limits/peek';
import { campaignParams } from '../campaigns/routes';
import { writeRoute, type Route } from '../http/route';
import { askedOf, decide, simulate } from './simulate';
import { readSituation } from './situation';

export const simulateRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/campaigns/{id}/simulate',
    operationId: 'simulateCall',
    summary: 'What would happen to a call, and why',
    description: [
      'Decides as for a real call, by the same functions, and explains each step: screening, place, duplicates, rules ',
      'with their conditions, candidates in order with the limits that have no room for them now, everyone else with a ',
      'reason. Takes nothing and changes nothing: no capacity is held, and no turn of a round robin used up.',
    ].join(''),
    tag: 'Campaigns',
    params: campaignParams,
    body: simulateSchema,
    example: { from: '+13125550123', tags: { intent: 'quote' }, at: '2026-03-02T15:00:00Z' },
    problems: ['not_ready', 'unprocessable'],
    responses: { 200: { description: 'The decision.', body: simulationSchema } },
    async handle({ db, params: { id }, body }) {
      const situation = await readSituation(db, id, body);
      const decision = decide(situation, body);
      const refusals = await peekLimits(db, askedOf(situation, decision));
      return { status: 200, body: simulate(situation, body, decision, refusals), audit: [] };
    },
  }),
];
