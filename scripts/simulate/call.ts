import { Command } from 'commander';
import { type Place, type SimulatedCall, simulateCall } from '../../telephony/simulator';
import {
  checkNumber,
  collect,
  InputError,
  numberBetween,
  parseAnswers,
  parseAttestation,
  parseBuyers,
  parseCarrier,
  parseHangUp,
  placeWith,
  runCommand,
} from './input';
import { type Recorded, renderRecorded, waitForOutcome } from './outcome';
import { placeOf } from './places';
import { findTarget, type Target } from './target';
import { renderEvent } from './timeline';

interface Options {
  from: string;
  to: string;
  digits?: string;
  buyer: string[];
  talk: number;
  hangup?: string;
  carrier: string;
  attestation?: string;
  city?: string;
  state?: string;
  zip?: string;
  country?: string;
  speed: number;
  duplicates: number;
  url?: string;
  json?: true;
}

const command = new Command('npm run call --')
  .description('Places one call on the running Callyard, the way a carrier does.')
  .option('--from <number>', 'the caller, or "anonymous"', '+14155550123')
  .option('--to <number>', 'the tracked number', '+14155550100')
  .option('--digits <keys>', 'what the caller presses, one entry per menu: "1" or "1,2"; "say:WORDS" speaks')
  .option(
    '--buyer <behaviour>',
    'answer, answer:SECONDS, answer:press=KEYS, busy, no-answer, reject, failed; repeat in dial order, or NUMBER=BEHAVIOUR',
    collect,
    [],
  )
  .option(
    '--talk <seconds>',
    'how long buyers talk before they hang up',
    numberBetween(0, 14_400, 'seconds'),
    12,
  )
  .option('--hangup <phase>', 'the caller hangs up during ivr, ringing or talking, e.g. ringing:4')
  .option(
    '--speed <factor>',
    'simulated seconds per second',
    numberBetween(0.1, 10_000, 'simulated seconds per second'),
    1,
  )
  .option('--duplicates <n>', 'send each webhook this many times at once', numberBetween(1, 100, 'copies'), 1)
  .option('--carrier <name>', 'whose number is called: twilio, signalwire or telnyx', 'twilio')
  .option('--attestation <level>', 'STIR/SHAKEN of the caller: A, B, C, or none')
  .option('--city <name>', 'where the caller’s number is registered')
  .option('--state <code>', 'its state, for example CA')
  .option('--zip <code>', 'its postal code')
  .option('--country <code>', 'its country, for example US')
  .option(
    '--url <url>',
    'where Callyard is (default: the one started here, else http://localhost:$PORT, 3000 where it is not set)',
  )
  .option('--json', 'print one line of JSON at the end, and nothing else');

async function main(): Promise<number> {
  const options = command.opts<Options>();
  const from = checkNumber('--from', options.from);
  const to = checkNumber('--to', options.to);
  const answers = parseAnswers(options.digits);
  const buyers = parseBuyers(options.buyer, options.talk);
  const callerHangUp = parseHangUp(options.hangup);
  if (!Number.isInteger(options.duplicates)) throw new InputError('--duplicates must be a whole number.');
  const stirVerstat = parseAttestation(options.attestation);
  const target = await findTarget(options.url, parseCarrier(options.carrier), process.env);
  const json = options.json === true;
  const call = await simulateCall({
    voiceUrl: target.voiceUrl,
    statusUrl: target.statusUrl,
    ...target.account,
    from,
    to,
    answers,
    buyers,
    callerHangUp,
    speed: options.speed,
    duplicates: options.duplicates,
    callerPlace: placeWith(placeOf(from), saidPlace(options)),
    calledPlace: placeOf(to),
    ...(stirVerstat === undefined ? {} : { stirVerstat }),
    onEvent: (event) => {
      const line = json ? null : renderEvent(event, process.stdout.isTTY);
      if (line !== null) console.log(line);
    },
  });
  const recorded = await waitForOutcome(target, call.callSid, () => {
    if (!json) console.log('Waiting for Callyard to record the outcome …');
  });
  report(call, recorded, target, json);
  const outcome = recorded.kind === 'found' ? recorded.call.outcome : null;
  const carrierContent = call.errors.length === 0 && call.differingAnswers.length === 0;
  return carrierContent && outcome && outcome !== 'failed' ? 0 : 1;
}

function saidPlace({ city, state, zip, country }: Options): Place {
  return {
    ...(city === undefined ? {} : { city }),
    ...(state === undefined ? {} : { state }),
    ...(zip === undefined ? {} : { zip }),
    ...(country === undefined ? {} : { country }),
  };
}

function report(call: SimulatedCall, recorded: Recorded, target: Target, json: boolean): void {
  const workflowId = recorded.kind === 'found' ? (recorded.call.workflowId ?? null) : null;
  const workflowUrl = workflowId === null ? null : (target.workflowUrl?.(workflowId) ?? null);
  if (json) {
    const { events: _events, ...carrier } = call;
    const recordedCall = recorded.kind === 'found' ? recorded.call : null;
    const problem = recorded.kind === 'missing' ? recorded.message : null;
    console.log(JSON.stringify({ carrier, call: recordedCall, problem, workflowUrl }));
    return;
  }
  console.log('');
  for (const error of call.errors) console.log(`Carrier error: ${error}`);
  if (call.differingAnswers.length > 0) {
    console.log(`Copies of one webhook were answered differently: ${call.differingAnswers.join(', ')}`);
  }
  if (recorded.kind === 'missing') console.log(recorded.message);
  else for (const line of renderRecorded(recorded.call)) console.log(line);
  if (workflowUrl !== null) console.log(`Workflow: ${workflowUrl}`);
  else if (workflowId !== null) console.log(`Workflow id: ${workflowId}`);
}

void runCommand(command, main);
