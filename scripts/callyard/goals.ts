import type { Command } from 'commander';
import { show } from './answers';
import type { Client } from './client';
import type { ExitCode, Surroundings } from './commands';
import { renderGoal } from './goals-view';
import type { Means } from './means';

/** Adds `goals` to the command line. */
export function addGoals(command: Command, means: Means): void {
  command
    .command('goals')
    .description('how far a campaign is towards its goal, and whether that is fast enough')
    .argument('<campaign>', 'its id, for example cmp_sample')
    .option(...means.urlOption)
    .action((campaign: string, options: { readonly url?: string }) => {
      means.choose(async (around) => showGoal(await means.connect(options.url), campaign, around));
    });
}

/** Prints a picture of the pace of a campaign. */
export async function showGoal(
  client: Pick<Client, 'goalProgress'>,
  campaign: string,
  around: Surroundings,
): Promise<ExitCode> {
  return show(await client.goalProgress(campaign), around, renderGoal);
}
