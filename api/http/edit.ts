import { isDeepStrictEqual } from 'node:util';
import { randomBytes } from 'node:crypto';
import type { NewAuditEntry } from '../../db/queries/audit';
import { Problem } from '../problems';

/** A resource as the API shows it. */
interface Resource {
  readonly revision: number;
}

/** How a kind of resource is named in the audit trail. */
export interface AuditedKind<T> {
  readonly entity: string;
  idOf(resource: T): string;
  /** The campaign a change concerns; `null`: none, or more than one. */
  campaignOf(resource: T): string | null;
}

/** The entry of a change to `subject`: `null` before is a creation, `null` after a deletion. */
export function auditEntry<T>(
  kind: AuditedKind<T>,
  action: string,
  subject: T,
  change: { readonly before: T | null; readonly after: T | null },
): NewAuditEntry {
  return {
    action,
    entity: kind.entity,
    entityId: kind.idOf(subject),
    campaignId: kind.campaignOf(subject),
    ...change,
  };
}

/** The answer to a creation. @param location path below `/api/v1` */
export function created<T extends Resource>(kind: AuditedKind<T>, after: T, location: string) {
  return {
    status: 201 as const,
    body: after,
    revision: after.revision,
    location,
    audit: [auditEntry(kind, 'create', after, { before: null, after })],
  };
}

/** The answer to an edit. One that came to nothing left the revision as it was, and is in no audit trail. */
export function edited<T extends Resource>(kind: AuditedKind<T>, action: string, before: T, after: T) {
  return {
    status: 200 as const,
    body: after,
    revision: after.revision,
    audit: before.revision === after.revision ? [] : [auditEntry(kind, action, after, { before, after })],
  };
}

/** The answer to a deletion. */
export function deleted<T>(kind: AuditedKind<T>, before: T) {
  return {
    status: 204 as const,
    body: null,
    audit: [auditEntry(kind, 'delete', before, { before, after: null })],
  };
}

/** `before` with the fields of `patch` in the place of its own; the same object when that changes nothing. */
export function patched<T extends object>(
  before: T,
  patch: { readonly [K in keyof T]?: T[K] | undefined },
): T {
  const given = Object.entries(patch).filter(([, value]) => value !== undefined);
  const after: T = { ...before, ...Object.fromEntries(given) };
  return isDeepStrictEqual(before, after) ? before : after;
}

/** @throws Problem `not_found` when there is none. */
export function found<T>(row: T | null, what: string): T {
  if (row === null) throw new Problem('not_found', `There is no ${what}`);
  return row;
}

/** An id nobody has: 80 random bits. */
export function newId<T extends string>(prefix: string): T {
  return `${prefix}_${randomBytes(10).toString('hex')}` as T;
}
