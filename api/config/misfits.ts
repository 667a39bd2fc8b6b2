import type { ConfigDocument } from '../../contract/config-document';
import type { FieldError } from '../../contract/problem';
import { isPublishable, validateFlow } from '../../domain/ivr/validate';
import { limitMisfits } from './limits';
import { repeated } from './repeated';

/**
 * What of a document does not fit the rest of it: what is there twice, candidates that are none of its assignments, a
 * flow in which calls would be lost. What it refers to outside of itself only the database can tell. Pure.
 */
export function findMisfits(document: ConfigDocument): readonly FieldError[] {
  const { publishers, buyers, numbers, assignments } = document;
  return [
    ...repeated(
      'publishers',
      'id',
      publishers.map(({ id }) => id),
    ),
    ...repeated(
      'buyers',
      'id',
      buyers.map(({ id }) => id),
    ),
    ...repeated(
      'numbers',
      'number',
      numbers.map(({ number }) => number),
    ),
    ...repeated(
      'assignments',
      'id',
      assignments.map(({ id }) => id),
    ),
    ...strangers(document),
    ...limitMisfits(document),
    ...flowRemarks(document, 'error'),
  ];
}

/** What the flow's validator would have somebody look at, though calls can be taken with it. */
export function findWarnings(document: ConfigDocument): readonly FieldError[] {
  return flowRemarks(document, 'warning');
}

/** Candidates that are no assignments of this document: whatever is not in it is removed when it is applied. */
function strangers({ assignments, plan }: ConfigDocument): FieldError[] {
  const own = new Set<string>(assignments.map(({ id }) => id));
  return (plan?.rules ?? []).flatMap(({ candidates }, rule) =>
    (candidates ?? []).flatMap(({ assignmentId }, place) =>
      own.has(assignmentId)
        ? []
        : [
            {
              pointer: `/plan/rules/${rule}/candidates/${place}/assignmentId`,
              message: `is no assignment of this document: add ${assignmentId} to its assignments`,
            },
          ],
    ),
  );
}

function flowRemarks({ flow }: ConfigDocument, severity: 'error' | 'warning'): FieldError[] {
  if (flow === null) return [];
  const problems = validateFlow(flow);
  if (severity === 'error' && isPublishable(problems)) return [];
  return problems
    .filter((problem) => problem.severity === severity)
    .map(({ pointer, message }) => ({ pointer: `/flow${pointer}`, message }));
}
