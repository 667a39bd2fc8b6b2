import type { Response } from 'express';
import type { Pool } from 'pg';
import type { z } from 'zod';
import type { NewAuditEntry } from '../../db/queries/audit';
import type { Queryable } from '../../db/pool';
import type { BacktestGateway } from '../backtests/gateway';
import type { Live } from '../live/live';
import type { MigrationGateway } from '../migrations/gateway';
import type { ProblemCode } from '../problems';

/*
 * A route is declared once: what it takes, what it answers, and how. `router.ts` makes Express routes of the list, and
 * `openapi/document.ts` the document; neither can say what the other does not do.
 */

export type Method = 'get' | 'post' | 'put' | 'patch' | 'delete';

export const TAGS = {
  Campaigns: 'What callers are routed by: settings, status, and the numbers and buyers that belong to it.',
  Numbers: 'Tracked telephone numbers, in E.164, and where their callers come from.',
  Publishers: 'Who sends the calls, and what they are paid.',
  Buyers: 'Who takes the calls.',
  Assignments: "A buyer's place in a campaign: how they are dialled, in which order, for which price.",
  'Routing plans': 'Immutable, numbered versions of the rules of routing, and the draft of the next.',
  'IVR flows': 'Immutable, numbered versions of what callers hear, and the draft of the next.',
  Configuration: 'A campaign as one document.',
  Migrations: 'Gradual, guarded shifts of volume from a control to a challenger.',
  Backtests: 'Versions of a routing plan run over past calls.',
  Limits:
    'What campaigns, publishers, buyers, assignments and destinations take at most, and what is used of it.',
  'DNI pools':
    'Numbers that visitors of web pages get, each one of their own, so that a call tells who called.',
  'Blocked callers': 'Numbers, and prefixes of numbers, that may not call.',
  Calls: 'What happened to calls.',
  Reports: 'What calls and money come to, by any dimension and over any time.',
  Goals: 'What campaigns are to come to, and how far they are.',
  'Live data': 'Calls in progress and the counters of today, as they change.',
  Money: 'What buyers owe, what publishers get, what is spent; and what people book of it by hand.',
  Webhooks: 'Who outside is told of what happens, and how that went.',
  'Audit trail': 'Who changed what, and when.',
  Documentation: 'This document.',
} as const satisfies Record<string, string>;
export type Tag = keyof typeof TAGS;

/** One status a route may answer with. */
export interface ResponseShape {
  readonly description: string;
  /** `null`: no body, or one that is no JSON. */
  readonly body: z.ZodType | null;
  /** Default `application/json`. */
  readonly type?: 'text/csv' | 'text/event-stream';
}
export type Responses = Readonly<Record<number, ResponseShape>>;

export interface Declaration {
  readonly method: Method;
  /** As in OpenAPI, below `/api/v1`: `/campaigns/{id}`. */
  readonly path: `/${string}`;
  /** Unique; also the name of the method in generated clients. */
  readonly operationId: string;
  readonly summary: string;
  readonly description?: string;
  readonly tag: Tag;
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** A body that works, for the document. */
  readonly example?: unknown;
  readonly responses: Responses;
  /** Beyond those that every route of its kind may answer with. */
  readonly problems?: readonly ProblemCode[];
  /**
   * The resource has a revision: answers carry it as `ETag`, writes honour `If-Match`. `new`: it is only made here, and
   * there is nothing yet to match.
   */
  readonly revisioned?: true | 'new';
  /** The largest body in bytes; default 1 MB. */
  readonly largestBody?: number;
  /** Needs no key. */
  readonly open?: boolean;
  /** The answer has a secret that is kept nowhere else: it is not kept for repetitions, and each request makes a new one. */
  readonly tellsSecret?: boolean;
}

/** Handlers may give away what they only read. */
type Frozen<T> = T extends object ? { readonly [K in keyof T]: Frozen<T[K]> } : T;

/** An answer: a status the route declares, and the body declared for it. */
export type Reply<R extends Responses = Responses> = {
  [S in keyof R & number]: {
    readonly status: S;
    readonly body: R[S] extends { readonly body: infer T extends z.ZodType } ? Frozen<z.output<T>> : null;
    /** Of the resource in the body; becomes the `ETag`. */
    readonly revision?: number;
    /** Path below `/api/v1` of what was made; becomes `Location`. */
    readonly location?: string;
  };
}[keyof R & number];

/** What a write did: its answer, and its entries in the audit trail; none when nothing changed. */
export type WriteReply<R extends Responses = Responses> = Reply<R> & {
  readonly audit: readonly NewAuditEntry[];
  /** Undoes everything the write did once the answer is known: a dry run. */
  readonly undo?: boolean;
  /** Tells others of what was kept, once it is: must not throw, and nobody waits for what it begins. */
  readonly afterwards?: () => void;
};

/** A body that is sent as it is made: of any length, in little memory. */
export interface Download {
  readonly headers: Readonly<Record<string, string>>;
  /** What is thrown before the first piece is answered as a problem; later it breaks the connection off. */
  readonly pieces: AsyncIterable<string>;
}

export interface ReadRequest<P, Q> {
  readonly db: Pool;
  /** For statements over many rows: few connections of their own, so that no webhook waits behind them. */
  readonly reports: Pool;
  readonly migrations: MigrationGateway;
  readonly params: P;
  readonly query: Q;
}

export interface WriteRequest<P, Q, B> {
  /** The connection of the write's transaction: everything the handler does is kept, or nothing. */
  readonly db: Queryable;
  readonly migrations: MigrationGateway;
  readonly backtests: BacktestGateway;
  /** Whether webhooks may lead into private networks. */
  readonly allowPrivateWebhooks: boolean;
  /** The same whenever this request is repeated under its `Idempotency-Key`: names what it does outside the database. */
  readonly onceId: string;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  /** For the audit trail: `admin`, or `admin (name)`. */
  readonly actor: string;
  /**
   * Holds the revision found against the client's `If-Match`. Read it under a lock, or it may be stale when it is used.
   * @throws Problem `stale_revision`
   */
  readonly requireRevision: (current: number) => void;
}

export interface EventsRequest<Q> {
  readonly live: Live;
  readonly query: Q;
  /** The id of the last event the client has seen; `undefined`: it comes for the first time. */
  readonly lastEventId: string | undefined;
  /** Its answer, which has not begun. */
  readonly res: Response;
}

/** A declared route with the types of its parts erased: input has been parsed by the schemas beside it. */
export type Route = { readonly declaration: Declaration } & (
  | { readonly kind: 'read'; handle(request: ReadRequest<unknown, unknown>): Promise<Reply> }
  | { readonly kind: 'download'; handle(request: ReadRequest<unknown, unknown>): Promise<Download> }
  | { readonly kind: 'write'; handle(request: WriteRequest<unknown, unknown, unknown>): Promise<WriteReply> }
  | { readonly kind: 'events'; begin(request: EventsRequest<unknown>): void }
);

/** Whether its answers are kept for repetitions under an `Idempotency-Key`. */
export function keepsAnswer({ kind, declaration }: Pick<Route, 'kind' | 'declaration'>): boolean {
  return kind === 'write' && declaration.method === 'post' && declaration.tellsSecret !== true;
}

/** The parts of a declaration that give a handler its types. */
interface Typed<P extends z.ZodType, Q extends z.ZodType, B extends z.ZodType, R extends Responses> {
  readonly params?: P;
  readonly query?: Q;
  readonly body?: B;
  readonly responses: R;
}

/** A route that changes nothing. */
export function readRoute<
  const R extends Responses,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
>(
  declaration: Declaration &
    Typed<P, Q, z.ZodUndefined, R> & {
      readonly handle: (request: ReadRequest<z.output<P>, z.output<Q>>) => Promise<Reply<NoInfer<R>>>;
    },
): Route {
  const { handle, ...rest } = declaration;
  return { kind: 'read', declaration: rest, handle: handle as Extract<Route, { kind: 'read' }>['handle'] };
}

/** A route that changes nothing, and answers with more than has to be held at once. */
export function downloadRoute<P extends z.ZodType = z.ZodUndefined, Q extends z.ZodType = z.ZodUndefined>(
  declaration: Declaration & {
    readonly params?: P;
    readonly query?: Q;
    readonly handle: (request: ReadRequest<z.output<P>, z.output<Q>>) => Promise<Download>;
  },
): Route {
  const { handle, ...rest } = declaration;
  return { kind: 'download', declaration: rest, handle };
}

/** A route whose answer is a stream of events, for as long as the client stays. It may take up a `Last-Event-ID`. */
export function eventsRoute<const R extends Responses, Q extends z.ZodType = z.ZodUndefined>(
  declaration: Declaration & { readonly query?: Q; readonly responses: R } & {
    readonly begin: (request: EventsRequest<z.output<Q>>) => void;
  },
): Route {
  const { begin, ...rest } = declaration;
  return { kind: 'events', declaration: rest, begin };
}

/** A route that changes something, in one transaction with its audit trail and its answer to an `Idempotency-Key`. */
export function writeRoute<
  const R extends Responses,
  P extends z.ZodType = z.ZodUndefined,
  Q extends z.ZodType = z.ZodUndefined,
  B extends z.ZodType = z.ZodUndefined,
>(
  declaration: Declaration &
    Typed<P, Q, B, R> & {
      readonly handle: (
        request: WriteRequest<z.output<P>, z.output<Q>, z.output<B>>,
      ) => Promise<WriteReply<NoInfer<R>>>;
    },
): Route {
  const { handle, ...rest } = declaration;
  return { kind: 'write', declaration: rest, handle: handle as Extract<Route, { kind: 'write' }>['handle'] };
}
