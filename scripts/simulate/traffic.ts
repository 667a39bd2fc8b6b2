import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { Command, Option } from 'commander';
import { type CallerAnswer, HttpTransport, simulateCall } from '../../telephony/simulator';
import {
  checkNumber,
  collect,
  InputError,
  numberBetween,
  parseAnswers,
  parseCarrier,
  runCommand,
} from './input';
import { type Mix, planCall } from './mix';
import { placeOf } from './places';
import { SeededRandom } from './random';
import { Tally } from './tally';
import { findTarget, type Target } from './target';

interface Options {
  rate: number;
  seconds: number;
  maxConcurrent: number;
  seed?: number;
  to: string[];
  digits: string;
  talk: number;
  speed: number;
  answer: number;
  busy: number;
  noAnswer: number;
  reject: number;
  hangup: number;
  carrier: string;
  url?: string;
}

const weight = numberBetween(0, 1_000_000, 'parts');
const command = new Command('npm run traffic --')
  .description('Places calls on the running Callyard at random moments, the way a carrier does.')
  .option('--rate <calls>', 'calls per second on average', numberBetween(0.01, 1_000, 'calls per second'), 1)
  .option('--seconds <seconds>', 'how long to place calls', numberBetween(1, 1_000_000, 'seconds'), 60)
  .option('--max-concurrent <n>', 'calls in progress at most', numberBetween(1, 10_000, 'calls'), 200)
  .option('--seed <n>', 'repeat the traffic of an earlier run', numberBetween(0, 2 ** 32 - 1, 'any number'))
  .option('--to <number>', 'a tracked number; repeat for several (default: +14155550100)', collect, [])
  .option('--digits <keys>', 'what callers press, one entry per menu', '1')
  .option('--talk <seconds>', 'mean length of a conversation', numberBetween(0, 14_400, 'seconds'), 12)
  .option(
    '--speed <factor>',
    'simulated seconds per second',
    numberBetween(0.1, 10_000, 'simulated seconds per second'),
    10,
  )
  .option('--answer <weight>', 'share of buyers who answer', weight, 70)
  .option('--busy <weight>', 'share of buyers who are busy', weight, 10)
  .addOption(noAnswerOption())
  .option('--reject <weight>', 'share of buyers who decline', weight, 5)
  .option('--hangup <weight>', 'share of callers who hang up early', weight, 5)
  .option('--carrier <name>', 'whose numbers are called: twilio, signalwire or telnyx', 'twilio')
  .option(
    '--url <url>',
    'where Callyard is (default: the one started here, else http://localhost:$PORT, 3000 where it is not set)',
  );

/** Commander would take `--no-answer` for the opposite of `--answer`; here it is a share of its own. */
function noAnswerOption(): Option {
  const option = new Option('--no-answer <weight>', 'share of buyers who do not answer');
  option.negate = false;
  return option.argParser(weight).default(10);
}

/** One Ctrl-C can arrive twice: from the terminal, and passed on by the program that started this one. */
const SAME_KEYPRESS_MILLISECONDS = 500;
const PROGRESS_SECONDS = process.stdout.isTTY ? 1 : 5;

async function main(): Promise<number> {
  const options = command.opts<Options>();
  const to = (options.to.length > 0 ? options.to : ['+14155550100']).map((number) =>
    checkNumber('--to', number),
  );
  const answers = parseAnswers(options.digits);
  const { answer, busy, noAnswer, reject, hangup } = options;
  if (answer + busy + noAnswer + reject + hangup <= 0)
    throw new InputError('All shares are 0: nobody would call.');
  const mix: Mix = { buyers: { answer, busy, 'no-answer': noAnswer, reject }, hangup };
  const target = await findTarget(options.url, parseCarrier(options.carrier), process.env);
  const seed = Math.floor(options.seed ?? randomInt(2 ** 32 - 1));
  console.log(
    `Placing ${options.rate} calls/s for ${options.seconds} s on ${target.apiUrl} (seed ${seed}). Ctrl-C ends.`,
  );

  const tally = new Tally();
  const since = performance.now();
  const elapsed = (): number => (performance.now() - since) / 1000;
  const stops = listenForInterrupts();
  const stopProgress = showProgress(() => tally.progress(elapsed()));
  try {
    await placeCalls(options, { to, answers, mix, target, seed, tally, elapsed, ...stops });
  } finally {
    stopProgress();
    stops.ignore();
  }
  console.log(tally.summary(elapsed()));
  if (stops.abort.aborted) return 130;
  return tally.failedCalls > 0 ? 1 : 0;
}

interface Run extends Interrupts {
  readonly to: readonly string[];
  readonly answers: readonly CallerAnswer[];
  readonly mix: Mix;
  readonly target: Target;
  readonly seed: number;
  readonly tally: Tally;
  readonly elapsed: () => number;
}

async function placeCalls(options: Options, run: Run): Promise<void> {
  const random = new SeededRandom(run.seed);
  const transport = new HttpTransport();
  const calls = new Set<Promise<void>>();
  let arrival = random.exponential(options.rate);
  while (arrival < options.seconds && !run.stop.aborted) {
    // Drawn before the check, so that the n-th caller is the same whatever was held back.
    const planned = planCall(run.mix, run.to, options.talk, random);
    await sleepUntil(arrival, run);
    if (run.stop.aborted) break;
    if (run.tally.inFlight >= options.maxConcurrent) {
      run.tally.heldBack += 1;
    } else {
      const call = placeOne(planned, options.speed, transport, run).finally(() => calls.delete(call));
      calls.add(call);
    }
    arrival += random.exponential(options.rate);
  }
  if (!run.stop.aborted) await sleepUntil(options.seconds, run);
  await Promise.all(calls);
  transport.close();
}

async function placeOne(
  planned: ReturnType<typeof planCall>,
  speed: number,
  transport: HttpTransport,
  run: Run,
): Promise<void> {
  const { target, tally } = run;
  tally.started += 1;
  try {
    tally.add(
      await simulateCall({
        ...planned,
        voiceUrl: target.voiceUrl,
        statusUrl: target.statusUrl,
        ...target.account,
        answers: run.answers,
        callerPlace: placeOf(planned.from),
        calledPlace: placeOf(planned.to),
        speed,
        signal: run.abort,
        transport,
      }),
    );
  } catch (error) {
    // Cut off by the second Ctrl-C: neither finished nor wrong.
    if (!run.abort.aborted) tally.addBroken(error);
  }
}

async function sleepUntil(second: number, run: Run): Promise<void> {
  const milliseconds = (second - run.elapsed()) * 1000;
  if (milliseconds <= 0) return;
  try {
    await sleep(milliseconds, undefined, { signal: run.stop });
  } catch (error) {
    if (!run.stop.aborted) throw error;
  }
}

interface Interrupts {
  /** Aborted by the first Ctrl-C: place no more calls. */
  readonly stop: AbortSignal;
  /** Aborted by the second: leave the calls in progress. */
  readonly abort: AbortSignal;
  /** Gives Ctrl-C back its usual meaning. */
  readonly ignore: () => void;
}

function listenForInterrupts(): Interrupts {
  const stop = new AbortController();
  const abort = new AbortController();
  let last = -Infinity;
  const interrupted = (): void => {
    const now = performance.now();
    if (now - last < SAME_KEYPRESS_MILLISECONDS) return;
    last = now;
    if (stop.signal.aborted) {
      abort.abort(new Error('interrupted'));
    } else {
      console.log('\nPlacing no more calls; waiting for those in progress. Ctrl-C again quits now.');
      stop.abort();
    }
  };
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted);
  const ignore = (): void => {
    process.off('SIGINT', interrupted).off('SIGTERM', interrupted);
  };
  return { stop: stop.signal, abort: abort.signal, ignore };
}

/** On a terminal one line that rewrites itself each second, else a line every 5 s. */
function showProgress(line: () => string): () => void {
  const show = (end: string): void => {
    if (process.stdout.isTTY) process.stdout.write(`\r\u001b[2K${line()}${end}`);
    else console.log(line());
  };
  const timer = setInterval(() => show(''), PROGRESS_SECONDS * 1000);
  return () => {
    clearInterval(timer);
    show('\n');
  };
}

void runCommand(command, main);
