import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { CallEvent } from './events';

/** A call as the REST API of the Twilio dialect shows it. */
interface CallResource {
  readonly sid: string;
  readonly parent_call_sid: string | null;
  readonly to: string;
  readonly status: string;
  /** Whole seconds, as text; `null` while the call goes on. */
  readonly duration: string | null;
}

export interface RestAccount {
  readonly accountSid: string;
  readonly authToken: string;
}

/** A carrier's REST API for the calls it carried. */
export interface CarrierRest {
  /** For example `http://127.0.0.1:4711`. */
  readonly url: string;
  /** What happens in a call: to be given as `onEvent` of its simulation. One listener a call. */
  follow(): (event: CallEvent) => void;
  close(): Promise<void>;
}

/**
 * Serves `GET /2010-04-01/Accounts/{account}/Calls/{sid}.json` and `…/Calls.json?ParentCallSid={sid}` on a port of this
 * machine, as Twilio does (https://www.twilio.com/docs/voice/api/call-resource), for calls whose events it is given.
 */
export async function serveCarrierRest(account: RestAccount): Promise<CarrierRest> {
  const calls = new Map<string, CallResource>();
  const prefix = `/2010-04-01/Accounts/${account.accountSid}/Calls`;
  const expected = `Basic ${Buffer.from(`${account.accountSid}:${account.authToken}`).toString('base64')}`;
  const server = createServer((request, response) => {
    const answer = (status: number, body: unknown): void => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    };
    if (request.headers.authorization !== expected)
      return answer(401, { code: 20003, message: 'Authenticate' });
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://localhost');
    if (pathname === `${prefix}.json`) {
      const parent = searchParams.get('ParentCallSid');
      return answer(200, { calls: [...calls.values()].filter((call) => call.parent_call_sid === parent) });
    }
    const sid = pathname.startsWith(`${prefix}/`) ? pathname.slice(prefix.length + 1, -'.json'.length) : '';
    const call = calls.get(decodeURIComponent(sid));
    return call === undefined ? answer(404, { code: 20404, message: 'not found' }) : answer(200, call);
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    follow: () => followCall(calls),
    close: () =>
      new Promise((closed) => {
        server.close(() => closed());
        server.closeAllConnections();
      }),
  };
}

/** Keeps the resources of one call, and of the legs it dials, as they stand. */
function followCall(calls: Map<string, CallResource>): (event: CallEvent) => void {
  let own: { readonly sid: string; readonly to: string } | null = null;
  const set = (sid: string, parent: string | null, to: string, status: string, seconds?: number): void => {
    const duration = seconds === undefined ? null : String(Math.round(seconds));
    calls.set(sid, { sid, parent_call_sid: parent, to, status, duration });
  };
  const setOwn = (status: string, seconds?: number): void => {
    if (own !== null) set(own.sid, null, own.to, status, seconds);
  };
  return (event) => {
    switch (event.type) {
      case 'started':
        own = { sid: event.callSid, to: event.to };
        return setOwn('ringing');
      case 'answered':
        return setOwn('in-progress');
      case 'buyer-dialled':
        return set(event.legSid, own?.sid ?? null, event.destination, 'ringing');
      case 'buyer-answered':
        return set(event.legSid, own?.sid ?? null, event.destination, 'in-progress');
      case 'buyer-finished':
        return set(
          event.legSid,
          own?.sid ?? null,
          event.destination,
          legStatus(event.result),
          event.talkSeconds,
        );
      case 'hung-up':
        // The carrier knows that the caller's leg is over before it has told anybody.
        return event.by === 'caller' ? setOwn('completed', event.seconds) : undefined;
      case 'completed':
        return setOwn(event.callStatus, event.durationSeconds);
      default:
        return;
    }
  };
}

/** The status of a leg that rang beside others, or was hung up before the bridge, is an ordinary one. */
function legStatus(result: Extract<CallEvent, { type: 'buyer-finished' }>['result']): string {
  switch (result) {
    case 'lost':
      return 'canceled';
    case 'declined':
      return 'completed';
    case 'rejected':
      return 'busy';
    default:
      return result;
  }
}
