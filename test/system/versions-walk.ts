import type { ApiServer } from './api-server';

const goodbye = { kind: 'hang_up', prompt: { text: 'Goodbye.', language: 'en-US' } };

/** Asks for every operation on plans, flows, documents and simulations of a campaign; leaves it with a plan. */
export async function walkVersions(api: ApiServer, campaign: string): Promise<void> {
  const path = `/campaigns/${campaign}`;
  const plan = (maxAttempts: number) => ({
    rules: [{ name: 'everyone', when: { kind: 'first_call' }, strategy: { kind: 'auction' } }],
    maxAttempts,
    fallback: { kind: 'reject', reason: 'busy' },
  });
  const flow = (start: string) => ({ start, nodes: { bye: goodbye, out: { kind: 'route' } } });
  for (const [kind, first, second] of [
    ['plan', plan(1), plan(2)],
    ['flow', flow('bye'), flow('out')],
  ] as const) {
    for (const document of [first, second]) {
      await api.ok('PUT', `${path}/${kind}/draft`, document, 201);
      await api.ok('GET', `${path}/${kind}/draft`);
      await api.ok('POST', `${path}/${kind}/publish`, { note: 'walk' });
    }
    await api.ok('POST', `${path}/${kind}/revert`, { version: 1 });
    await api.ok('GET', `${path}/${kind}`);
    await api.ok('GET', `${path}/${kind}/versions`);
    await api.ok('GET', `${path}/${kind}/versions/2`);
    await api.ok('GET', `${path}/${kind}/diff?from=1&to=2`);
    await api.ok('PUT', `${path}/${kind}/draft`, first, 201);
    await api.ok('DELETE', `${path}/${kind}/draft`, undefined, 204);
  }
  await api.ok(
    'POST',
    `${path}/flow/draft/operations`,
    { operations: [{ kind: 'set_start', id: 'bye' }] },
    200,
  );
  await api.ok('POST', `${path}/flow/validate`, {}, 200);
  await api.ok('DELETE', `${path}/flow`, undefined, 204);
  await api.ok('POST', `${path}/simulate`, { from: '+13125550123' }, 200);
  const document = await api.ok('GET', `${path}/config`);
  await api.ok('PUT', `${path}/config?dryRun=true`, document);
}
