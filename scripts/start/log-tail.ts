import { open } from 'node:fs/promises';
import { z } from 'zod';
import { hasCode } from '../servers/processes';

const POLL_MS = 300;
/** A process in trouble can write thousands of lines; the terminal gets this many a look, the file gets all. */
const LINES_A_LOOK = 4;
/** The levels worth a look, as pino writes them: by name or by number. */
const TROUBLE: ReadonlyMap<string | number, string> = new Map<string | number, string>([
  ['warn', 'warning'],
  [40, 'warning'],
  ['error', 'error'],
  [50, 'error'],
  ['fatal', 'error'],
  [60, 'error'],
]);

const logLine = z.object({
  level: z.union([z.string(), z.number()]),
  msg: z.string().optional(),
  err: z.object({ message: z.string() }).optional(),
});

/**
 * Watches a log file that another process writes, and passes its warnings and errors on in short. Reading the file,
 * rather than the process's pipe, lets that process outlive us and still write what it does.
 */
export class LogTail {
  private readonly timer: NodeJS.Timeout;
  private position = 0;
  private rest = '';
  private reading = false;

  constructor(
    private readonly file: string,
    private readonly onTrouble: (text: string) => void,
  ) {
    this.timer = setInterval(() => this.look(), POLL_MS);
    this.timer.unref();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  private look(): void {
    if (this.reading) return;
    this.reading = true;
    this.read()
      .catch((error: unknown) => this.onTrouble(`cannot read ${this.file}: ${String(error)}`))
      .finally(() => {
        this.reading = false;
      });
  }

  private async read(): Promise<void> {
    try {
      const handle = await open(this.file, 'r');
      try {
        const buffer = Buffer.alloc(64 * 1024);
        const { bytesRead } = await handle.read(buffer, 0, buffer.length, this.position);
        this.position += bytesRead;
        this.pass(buffer.toString('utf8', 0, bytesRead));
      } finally {
        await handle.close();
      }
    } catch (error) {
      if (!hasCode(error, 'ENOENT')) throw error;
    }
  }

  private pass(text: string): void {
    const lines = (this.rest + text).split('\n');
    this.rest = lines.pop() ?? '';
    const troubles = lines.map(troubleIn).filter((trouble) => trouble !== null);
    for (const trouble of troubles.slice(0, LINES_A_LOOK)) this.onTrouble(trouble);
    if (troubles.length > LINES_A_LOOK)
      this.onTrouble(`… and ${troubles.length - LINES_A_LOOK} more, in ${this.file}`);
  }
}

/** The line in short when it is a warning or an error, else null. */
function troubleIn(line: string): string | null {
  if (!line.startsWith('{')) return /\b(error|warn(ing)?|fatal)\b/i.test(line) ? line.slice(0, 300) : null;
  const parsed = logLine.safeParse(parseJson(line));
  const kind = parsed.success ? TROUBLE.get(parsed.data.level) : undefined;
  if (!parsed.success || kind === undefined) return null;
  const { msg, err } = parsed.data;
  const text = [msg, err?.message].filter((part) => part !== undefined && part !== '');
  return `${kind}: ${[...new Set(text)].join(': ').slice(0, 300)}`;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null; // a line cut short by a crash
    throw error;
  }
}
