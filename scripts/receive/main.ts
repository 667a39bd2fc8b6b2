// `npm run receive`: makes a webhook endpoint on this machine, prints events as they come, and deletes it again.

import { Command } from 'commander';
import { InputError, numberBetween, runCommand } from '../simulate/input';
import { connect } from '../callyard/client';
import { lineOf, startReceiver } from './receiver';

interface Options {
  readonly port: number;
  readonly at?: string;
  readonly events: string;
  readonly answer: number;
  readonly url?: string;
}

const command = new Command('npm run receive --')
  .description('Is told of what happens, as somebody else’s service would be, and prints it until Ctrl-C.')
  .option('--port <port>', 'where to listen (default: any)', numberBetween(0, 65_535, 'ports'), 0)
  .option('--at <url>', 'where Callyard reaches this receiver (default: on this machine)')
  .option('--events <types>', 'which, with commas between', '*')
  .option(
    '--answer <status>',
    'what to answer, for example 500',
    numberBetween(200, 599, 'status codes'),
    200,
  )
  .option(
    '--url <url>',
    'where Callyard is (default: the one started here, else http://localhost:$PORT, 3000 where it is not set)',
  );

void runCommand(command, async () => {
  const options = command.opts<Options>();
  const client = await connect(options.url, process.env);
  const receiver = await startReceiver({
    port: options.port,
    status: options.answer,
    onEvent: (event) => console.log(lineOf(event)),
    onRefused: (why) => console.error(`Refused: ${why}`),
  });
  try {
    const made = await client.createWebhookEndpoint({
      url: options.at ?? `http://127.0.0.1:${receiver.port}/`,
      description: 'npm run receive',
      eventTypes: options.events.split(','),
    });
    if (!made.ok) throw new InputError(whyRefused(made.problem.detail));
    const { id, secret } = made.value;
    receiver.expect(secret ?? '');
    console.log(`${id} is told of ${options.events}. Ctrl-C ends it.`);
    await askedToStop();
    await client.deleteWebhookEndpoint(id);
    console.log(`${id} is deleted.`);
    return 0;
  } finally {
    await receiver.close();
  }
});

function whyRefused(detail: string): string {
  if (!detail.includes('ALLOW_PRIVATE_WEBHOOKS')) return detail;
  return `Callyard sends nothing to this machine unless it is told to. Stop it, start it with ALLOW_PRIVATE_WEBHOOKS=true npm start, and run this again.`;
}

/** Whoever asks twice, as npm does for a Ctrl-C, is heard once: the endpoint has yet to be deleted. */
function askedToStop(): Promise<void> {
  return new Promise((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => resolve());
  });
}
