import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { chromium, type Browser } from 'playwright-core';

/*
 * A real browser for pages. Its binary comes with an npm package, because browsers' own downloads do not work
 * everywhere tests run. That package is an ES module only, so a Node of its own is asked where it unpacked the binary
 * and how to start it.
 */

const ASK = `
  import chromium from '@sparticuz/chromium';
  console.log(JSON.stringify({ executablePath: await chromium.executablePath(), args: chromium.args }));`;

/** A headless Chromium. The caller closes it. */
export async function launchBrowser(): Promise<Browser> {
  const asked = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', ASK]);
  const { executablePath, args } = JSON.parse(asked.stdout) as { executablePath: string; args: string[] };
  // Made for a single page: in one process, the end of one context is the end of all.
  const several = args.filter((arg) => arg !== '--single-process');
  return chromium.launch({ executablePath, args: ['--no-sandbox', ...several], headless: true });
}
