import { setTimeout } from 'node:timers/promises';
import type { Command } from 'commander';
import type { LiveCall, LiveEvent } from '../../contract/live';
import { refuse } from './answers';
import type { Client, Problem } from './client';
import type { ExitCode, Surroundings } from './commands';
import { readEvents } from './event-stream';
import { EMPTY_BOOK, told, type LiveBook } from './live-book';
import { eventLine, renderLive } from './live-view';
import type { Means } from './means';
import { readLiveEvent } from './read-live-event';
import { wholeScreen, type Screen } from './screen';

/** What is watched. */
export interface LiveAsked {
  readonly campaign?: string;
  readonly buyer?: string;
}

const REDRAW_MS = 500;
const COME_BACK_MS = 1_000;
/** A line on which there is not even a sign of life is dead: three times the time between two of them. */
const DEAD_MS = 45_000;

/** Adds `live` to the command line. */
export function addLive(command: Command, { choose, connect, urlOption }: Means): void {
  command
    .command('live')
    .description('calls in progress, counters of today and limits, as they change; Ctrl-C leaves')
    .option('--campaign <id>', 'only what is of this campaign')
    .option('--buyer <id>', 'only what is of this buyer')
    .option(...urlOption)
    .action((options: LiveAsked & { url?: string }) => {
      choose(async (around) =>
        watchLive(await connect(options.url), options, around, {
          screen: wholeScreen(),
          rows: process.stdout.isTTY ? () => process.stdout.rows : null,
        }),
      );
    });
}

/** Where it is shown. */
export interface Place {
  readonly screen: Screen;
  /** Lines there is room for; `null`: it is no terminal, and gets one line an event. */
  readonly rows: (() => number) | null;
}

/** Shows what is live until nobody wants to see more. Comes back by itself when the stream breaks, where it was. */
export async function watchLive(
  client: Pick<Client, 'live'>,
  asked: LiveAsked,
  around: Surroundings,
  { screen, rows }: Place,
): Promise<ExitCode> {
  const leaving = new AbortController();
  let book: LiveBook = EMPTY_BOOK;
  const wanted = ({ campaignId, buyerId }: LiveCall): boolean =>
    (asked.campaign === undefined || campaignId === asked.campaign) &&
    (asked.buyer === undefined || buyerId === asked.buyer);
  const hear = (event: LiveEvent): void => {
    // Nobody wants to read once a second that nothing is better.
    if (event.event === 'trouble' && book.trouble === event.data.message) return;
    book = told(book, event, wanted);
    const line = rows === null ? eventLine(event) : null;
    if (line !== null) around.say(line);
  };
  const listening = listen(client, asked, hear, leaving.signal).finally(() => leaving.abort());
  listening.catch(() => undefined); // thrown below
  do {
    // The last line is the prompt's.
    if (rows !== null)
      screen.draw(
        renderLive(book, Date.now())
          .split('\n')
          .slice(0, rows() - 1)
          .join('\n'),
      );
  } while (!leaving.signal.aborted && (await screen.wait(REDRAW_MS)));
  leaving.abort();
  const refused = await listening;
  return refused === null ? 0 : refuse(refused, around);
}

/**
 * Listens until it is left.
 * @returns why the server will not have it; `null`: it was left
 * @throws what the first request fails with: later on, an API that is being restarted is back soon
 */
async function listen(
  client: Pick<Client, 'live'>,
  asked: LiveAsked,
  hear: (event: LiveEvent) => void,
  left: AbortSignal,
): Promise<Problem | null> {
  let lastEventId = '';
  let before = false;
  while (!left.aborted) {
    let why = 'Callyard does not answer: coming back.';
    const line = new AbortController();
    const dead = alarm(() => line.abort());
    try {
      const answer = await client.live(asked, lastEventId, AbortSignal.any([left, line.signal]));
      if (!answer.ok) {
        if (!before || answer.problem.status < 500) return answer.problem;
        why = answer.problem.detail;
      } else {
        before = true;
        for await (const { event, data, lastEventId: id } of readEvents(answer.value)) {
          dead.later();
          lastEventId = id;
          // A newer server may have more to tell than we know.
          const read = event === '' ? null : readLiveEvent(event, JSON.parse(data));
          if (read !== null) hear(read);
        }
      }
    } catch (error) {
      if (left.aborted) return null;
      if (!before) throw error;
    } finally {
      dead.off();
    }
    if (left.aborted) return null;
    hear(trouble(why));
    await setTimeout(COME_BACK_MS, undefined, { signal: left }).catch(() => undefined);
  }
  return null;
}

function trouble(message: string): LiveEvent {
  return { event: 'trouble', data: { at: new Date().toISOString(), over: false, message } };
}

/** Goes off when it was not put off for too long. */
function alarm(ring: () => void): { later(): void; off(): void } {
  let timer = globalThis.setTimeout(ring, DEAD_MS);
  return {
    later() {
      clearTimeout(timer);
      timer = globalThis.setTimeout(ring, DEAD_MS);
    },
    off: () => clearTimeout(timer),
  };
}
