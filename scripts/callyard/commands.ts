import type { ConfigApplied } from '../../contract/config-document';
import type { Client, Problem } from './client';
import { readDocument, writeDocument } from './document';
import { countChanges, renderChanges } from './render';
import { renderFaults, type Source } from './source';

/** The world around a command, so that tests can stand for it. */
export interface Surroundings {
  /** `-`: standard input. @throws InputError when it cannot be read */
  read(file: string): Promise<string>;
  /** @throws InputError when it cannot be written */
  write(file: string, text: string): Promise<void>;
  say(text: string): void;
  complain(text: string): void;
  readonly colours: boolean;
  /** `null`: nobody is there to answer. */
  readonly ask: ((question: string) => Promise<boolean>) | null;
}

/** Exit codes: done; refused or not wanted; something the user can put right in what they gave. */
export type ExitCode = 0 | 1 | 2;

/** Prints a campaign's document, or writes it to a file. */
export async function exportCampaign(
  client: Pick<Client, 'export'>,
  campaign: string,
  output: string | undefined,
  around: Surroundings,
): Promise<ExitCode> {
  const answer = await client.export(campaign);
  if (!answer.ok) return refuse(answer.problem, around);
  const text = writeDocument(answer.value, campaign);
  if (output === undefined) {
    around.say(text.trimEnd());
  } else {
    await around.write(output, text);
    around.say(`Campaign ${campaign} is in ${output}. Edit it, then: npm run callyard -- apply -f ${output}`);
  }
  return 0;
}

/** Checks a file without asking the server. */
export async function validateFile(file: string, around: Surroundings): Promise<ExitCode> {
  const read = readDocument(await around.read(file));
  if (!read.ok) {
    around.complain(renderFaults(file, read.faults));
    return 2;
  }
  around.say(`${file} is a valid document of campaign ${read.document.campaign.id}.`);
  return 0;
}

export interface ApplyOptions {
  readonly dryRun: boolean;
  /** Ask nobody. */
  readonly yes: boolean;
}

/**
 * Shows what a file would change, asks where somebody is there to answer, and applies exactly that: when the server's
 * side changed meanwhile, nothing is applied.
 */
export async function applyFile(
  client: Pick<Client, 'apply'>,
  file: string,
  options: ApplyOptions,
  around: Surroundings,
): Promise<ExitCode> {
  const read = readDocument(await around.read(file));
  if (!read.ok) {
    around.complain(renderFaults(file, read.faults));
    return 2;
  }
  const { id } = read.document.campaign;
  const document = { id, body: read.source.value };
  const shown = await client.apply(document, { dryRun: true });
  if (!shown.ok) return refuse(shown.problem, around, { file, source: read.source });
  show(shown.value, file, read.source, around);
  if (shown.value.changes.length === 0) {
    around.say(`Nothing to change: ${id} is as ${file} says.`);
    return 0;
  }
  if (options.dryRun) {
    around.say(`${countChanges(shown.value)}. Nothing was changed: this is a dry run.`);
    return 0;
  }
  if (around.ask !== null && !options.yes) {
    around.say(`${countChanges(shown.value)}.`);
    if (!(await around.ask(`Apply to ${id}? [y/N] `))) {
      around.say('Nothing was changed.');
      return 1;
    }
  }
  const applied = await client.apply(document, { dryRun: false, expect: shown.value.digest });
  if (!applied.ok) return refuse(applied.problem, around, { file, source: read.source });
  around.say(`Applied to ${id}. ${countChanges(applied.value)}.`);
  return 0;
}

function show(applied: ConfigApplied, file: string, source: Source, around: Surroundings): void {
  if (applied.changes.length > 0) around.say(renderChanges(applied, around.colours));
  if (applied.warnings.length > 0) {
    around.complain(
      `Warnings:\n${renderFaults(
        file,
        applied.warnings.map((warning) => source.fault(warning)),
      )}`,
    );
  }
}

/** Says why the server would not; what it holds against fields, at their places in the file. */
function refuse(
  problem: Problem,
  around: Surroundings,
  origin?: { readonly file: string; readonly source: Source },
): ExitCode {
  if (origin !== undefined && problem.errors !== undefined && problem.errors.length > 0) {
    const { file, source } = origin;
    around.complain(
      renderFaults(
        file,
        problem.errors.map((error) => source.fault(error)),
      ),
    );
    around.complain('Nothing was changed.');
  } else {
    around.complain(`${problem.title}: ${problem.detail} (request ${problem.requestId})`);
  }
  return problem.code === 'invalid_request' || problem.code === 'unprocessable' ? 2 : 1;
}
