import { appendFile, mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import path from 'node:path';

/** A local file of JSON lines for what cannot reach PostgreSQL now. One file a process, named by its pid. */
export interface Spool {
  /** Durable once the promise resolves. */
  append(item: object): Promise<void>;
  /** Hands every line of this process, and of ones that died, to `take`; once it took all, they are removed. */
  drain(take: (line: string) => Promise<void>): Promise<void>;
}

const LIVE = /^(\d+)\.jsonl$/;
/** Set aside for draining by the process with this pid. */
const ASIDE = /^(\d+)\.drain\.jsonl$/;

export function createSpool(folder: string): Spool {
  const own = path.join(folder, `${process.pid}.jsonl`);
  /** Appending and setting aside take turns, so that no line is written into a file that is being emptied. */
  let turn: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const done = turn.then(work);
    turn = done.catch(() => undefined); // whoever called gets the error
    return done;
  };

  return {
    append: (item) =>
      inTurn(async () => {
        await mkdir(folder, { recursive: true, mode: 0o700 });
        await appendFile(own, `${JSON.stringify(item)}\n`, { flush: true, mode: 0o600 });
      }),

    async drain(take) {
      for (const name of await namesIn(folder)) {
        const pid = Number((LIVE.exec(name) ?? ASIDE.exec(name))?.[1]);
        if (Number.isNaN(pid) || (pid !== process.pid && isAlive(pid))) continue;
        const aside = path.join(folder, `${pid}.drain.jsonl`);
        // An older file set aside is emptied first; its sibling waits for the next round.
        if (LIVE.test(name) && !(await namesIn(folder)).includes(path.basename(aside))) {
          await inTurn(() => rename(path.join(folder, name), aside));
        }
        const lines = (await readFile(aside, 'utf8')).split('\n').filter(Boolean);
        for (const line of lines) await take(line);
        await rm(aside);
      }
    },
  };
}

async function namesIn(folder: string): Promise<string[]> {
  try {
    return (await readdir(folder)).filter((name) => LIVE.test(name) || ASIDE.test(name)).sort();
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return [];
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return codeOf(error) === 'EPERM';
  }
}

/** The system's code of an error. Looked at by shape: not every runtime shares one `Error` with its modules. */
function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
