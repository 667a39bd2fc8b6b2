import { simulateSchema, simulationSchema } from '../../contract/resources/simulation';
import { campaignParams } from '../campaigns/routes';
import { writeRoute, type Route } from '../http/route';
import { simulate } from './simulate';
import { readSituation } from './situation';

export const simulateRoutes: readonly Route[] = [
  writeRoute({
    method: 'post',
    path: '/campaigns/{id}/simulate',
    operationId: 'simulateCall',
    summary: 'What would happen to a call, and why',
    description: [
      'Decides as for a real call, by the same functions, and explains each step: screening, place, duplicates, rules ',
      'with their conditions, candidates in order, everyone else with a reason. Takes nothing and changes nothing: ',
      'limits are not looked at, and no turn of a round robin is used up.',
    ].join(''),
    tag: 'Campaigns',
    params: campaignParams,
    body: simulateSchema,
    example: { from: '+13125550123', tags: { intent: 'quote' }, at: '2026-03-02T15:00:00Z' },
    problems: ['not_ready', 'unprocessable'],
    responses: { 200: { description: 'The decision.', body: simulationSchema } },
    async handle({ db, params: { id }, body }) {
      return { status: 200, body: simulate(await readSituation(db, id, body), body), audit: [] };
    },
  }),
];
