import type { Answer, Problem } from './client';
import type { ExitCode, Surroundings } from './commands';
import { wrapped } from './layout';
import { renderFaults, type Source } from './source';

/** Prints what was asked for, or why not. */
export function show<T>(answer: Answer<T>, around: Surroundings, render: (value: T) => string): ExitCode {
  if (!answer.ok) return refuse(answer.problem, around);
  around.say(render(answer.value));
  return 0;
}

/** Says why not; of a file, by line. */
export function refuse(
  problem: Problem,
  around: Surroundings,
  source: Source | null = null,
  file = '',
): ExitCode {
  const faults = source === null ? [] : (problem.errors ?? []).map((error) => source.fault(error));
  around.complain(faults.length > 0 ? renderFaults(file, faults) : wrapped(problem.detail));
  return problem.code === 'invalid_request' || problem.code === 'unprocessable' ? 2 : 1;
}

/** As {@link refuse}, with fields of a query named as the options they come from. @param options by field, `--order-by` */
export function refuseOptions(
  problem: Problem,
  around: Surroundings,
  options: Readonly<Record<string, string>>,
): ExitCode {
  const named = (problem.errors ?? []).map(({ pointer, message }) => {
    const option = options[pointer.slice(1)];
    return option === undefined ? null : `${option} ${message}`;
  });
  if (named.length === 0 || named.includes(null)) return refuse(problem, around);
  return refuse({ ...problem, detail: named.join('\n') }, around);
}
