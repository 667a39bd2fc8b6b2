import type { Command } from 'commander';
import type { WebhookDeliveryHead } from '../../contract/resources/webhook-delivery';
import type { WebhookEndpoint } from '../../contract/resources/webhook-endpoint';
import { refuse, refuseOptions, show } from './answers';
import type { Client } from './client';
import type { ExitCode, Surroundings } from './commands';
import { cut, minute } from './layout';
import type { Means } from './means';

/** What a list of deliveries is narrowed to. */
export interface DeliveriesAsked {
  readonly endpoint?: string;
  readonly status?: string;
  readonly event?: string;
}

/** Deliveries that are shown: the latest. */
const MOST_SHOWN = 50;

/** Adds `webhooks list|deliveries|redeliver` to the command line. */
export function addWebhooks(command: Command, { choose, connect, urlOption }: Means): void {
  const webhooks = command.command('webhooks').description('who is told of what happens, and how that went');

  webhooks
    .command('list')
    .description('endpoints, and how they do')
    .option(...urlOption)
    .action((options: { url?: string }) => {
      choose(async (around) => listWebhooks(await connect(options.url), around));
    });

  webhooks
    .command('deliveries')
    .description(`the latest ${MOST_SHOWN} deliveries`)
    .option('--endpoint <id>', 'those to one endpoint')
    .option('--status <status>', 'waiting, delivered, dead or canceled')
    .option('--event <type>', 'those of one type, for example call.ended')
    .option(...urlOption)
    .action((options: DeliveriesAsked & { url?: string }) => {
      choose(async (around) => listDeliveries(await connect(options.url), options, around));
    });

  webhooks
    .command('redeliver')
    .description('sends deliveries again')
    .argument('<delivery...>', 'their ids, wdl_…')
    .option(...urlOption)
    .action((ids: string[], options: { url?: string }) => {
      choose(async (around) => redeliver(await connect(options.url), ids, around));
    });
}

/** Prints endpoints with their health. */
export async function listWebhooks(
  client: Pick<Client, 'webhookEndpoints'>,
  around: Surroundings,
): Promise<ExitCode> {
  return show(await client.webhookEndpoints(), around, (all) =>
    all.length === 0 ? 'Nobody is told of anything.' : all.map(endpointLines).join('\n'),
  );
}

/** Prints deliveries with their last attempt. */
export async function listDeliveries(
  client: Pick<Client, 'webhookDeliveries'>,
  asked: DeliveriesAsked,
  around: Surroundings,
): Promise<ExitCode> {
  const filter = {
    ...(asked.endpoint === undefined ? {} : { endpointId: asked.endpoint }),
    ...(asked.status === undefined ? {} : { status: asked.status }),
    ...(asked.event === undefined ? {} : { eventType: asked.event }),
  };
  const answer = await client.webhookDeliveries(filter, MOST_SHOWN);
  if (!answer.ok)
    return refuseOptions(answer.problem, around, {
      endpointId: '--endpoint',
      status: '--status',
      eventType: '--event',
    });
  return show(answer, around, (all) =>
    all.length === 0 ? 'There is no such delivery.' : all.map(deliveryLines).join('\n'),
  );
}

/** Sends deliveries again, one after the other; stops at the first that is refused. */
export async function redeliver(
  client: Pick<Client, 'redeliver'>,
  ids: readonly string[],
  around: Surroundings,
): Promise<ExitCode> {
  for (const id of ids) {
    const answer = await client.redeliver(id);
    if (!answer.ok) return refuse(answer.problem, around);
    around.say(`${id} is sent again.`);
  }
  return 0;
}

function endpointLines(endpoint: WebhookEndpoint): string {
  const { id, health, kind, url, eventTypes, failingSince, deadInARow, disabledBecause } = endpoint;
  const told = [
    ...(failingSince === null ? [] : [`no attempt has gone well since ${minute(failingSince)}`]),
    ...(deadInARow === 0 ? [] : [`${deadInARow} given up`]),
    ...(disabledBecause === null ? [] : ['it answered that it is gone']),
  ];
  return [
    cut(`${id}  ${health}  ${kind}  ${eventTypes.join(', ')}`),
    cut(`  ${url}`),
    ...(told.length === 0 ? [] : [cut(`  ${told.join('; ')}`)]),
  ].join('\n');
}

function deliveryLines(delivery: WebhookDeliveryHead): string {
  const { id, status, eventType, createdAt, endpointId, attempts, callId, lastAttempt } = delivery;
  const last =
    lastAttempt === null
      ? 'not tried yet'
      : (lastAttempt.error ?? `${lastAttempt.statusCode ?? 'under way'}`);
  return [
    cut(`${id}  ${status}  ${eventType}  ${minute(createdAt)}`),
    cut(`  to ${endpointId}${callId === null ? '' : ` of ${callId}`}`),
    cut(`  ${attempts} ${attempts === 1 ? 'attempt' : 'attempts'}, the last: ${last}`),
  ].join('\n');
}
