import type { Command } from 'commander';
import { campaignIdSchema } from '../../contract/resources/ids';
import { InputError } from '../simulate/input';
import { refuse, show } from './answers';
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

/**
 * Prints a picture of the pace of a campaign.
 * @throws InputError when that is no id
 */
export async function showGoal(
  client: Pick<Client, 'goalProgress'>,
  campaign: string,
  around: Surroundings,
): Promise<ExitCode> {
  if (!campaignIdSchema.safeParse(campaign).success)
    throw new InputError(
      `"${campaign}" is no id of a campaign: they look like cmp_sample, and GET /api/v1/campaigns lists them.`,
    );
  const answer = await client.goalProgress(campaign);
  if (answer.ok || !answer.problem.detail.startsWith('There is no goal'))
    return show(answer, around, renderGoal);
  const detail = `${answer.problem.detail}. Set one with PUT /api/v1/campaigns/${campaign}/goal, or as goal in its document: docs/reports.md has examples.`;
  return refuse({ ...answer.problem, detail }, around);
}
