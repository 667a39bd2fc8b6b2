// Runs one of the project's programs on a checkout in any state: `node scripts/run.mjs FILE [arguments]`.
//
// It checks the Node version, installs the dependencies when they are missing or no longer those of
// package-lock.json, then runs FILE (TypeScript through tsx) with its arguments, its signals and its exit code.
// Plain Node built-ins only: there may be no node_modules yet.

import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const MODULES = join(ROOT, 'node_modules');
const STAMP = join(MODULES, '.callyard-installed.json');
const INSTALL_LOCK = join(ROOT, '.callyard', 'install.lock');
const OLDEST_NODE = [20, 19];
const FORWARDED_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

class SetupError extends Error {}

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const [oldestMajor, oldestMinor] = OLDEST_NODE;
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return;
  throw new SetupError(
    `Callyard needs Node ${OLDEST_NODE.join('.')} or newer; this is Node ${process.versions.node}. ` +
      'Install a newer one (for example with nvm, fnm or your package manager) and run the command again.',
  );
}

function readJson(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    // A half-written or absent file means "not installed"; anything else (permissions) must be seen.
    if (error.code === 'ENOENT' || error instanceof SyntaxError) return null;
    throw error;
  }
}

/** Whether the tools for tests and checks are wanted too. npm leaves them out when NODE_ENV is `production`. */
const wantsDevDependencies = process.env.NODE_ENV !== 'production';

/** Fingerprint of everything that decides what belongs in node_modules on this machine. */
function wantedFingerprint() {
  const manifest = readJson(join(ROOT, 'package.json')) ?? {};
  const { dependencies, devDependencies, optionalDependencies, overrides } = manifest;
  return createHash('sha256')
    .update(readFileSync(join(ROOT, 'package-lock.json')))
    .update(JSON.stringify({ dependencies, devDependencies, optionalDependencies, overrides }))
    .update(`${process.platform}-${process.arch}`)
    .digest('hex');
}

/**
 * Whether node_modules already holds what package-lock.json asks for, judged by the record npm itself leaves there:
 * somebody may have run `npm ci` or `npm install` by hand.
 */
function installedByHand() {
  const wanted = readJson(join(ROOT, 'package-lock.json'))?.packages;
  const installed = readJson(join(MODULES, '.package-lock.json'))?.packages;
  if (!wanted || !installed) return false;
  const manifest = readJson(join(ROOT, 'package.json')) ?? {};
  for (const kind of ['dependencies', 'devDependencies']) {
    // package.json edited, package-lock.json not: let `npm ci` explain it.
    if (JSON.stringify(manifest[kind] ?? {}) !== JSON.stringify(wanted['']?.[kind] ?? {})) return false;
  }
  for (const [path, entry] of Object.entries(wanted)) {
    if (path === '' || entry.link || (entry.dev && !wantsDevDependencies)) continue;
    const present = installed[path];
    if (present) {
      if (present.version !== entry.version || present.integrity !== entry.integrity) return false;
    } else if (!entry.optional && !entry.devOptional) {
      return false;
    } else if (entry.os?.includes(process.platform) && entry.cpu?.includes(process.arch) && !entry.libc) {
      return false; // the binary for this very platform: node_modules came from another machine
    }
  }
  return true;
}

function dependenciesAreCurrent() {
  const fingerprint = wantedFingerprint();
  const stamp = readJson(STAMP);
  if (stamp?.fingerprint === fingerprint && (stamp.dev || !wantsDevDependencies)) return true;
  if (!installedByHand()) return false;
  writeStamp(fingerprint);
  return true;
}

function writeStamp(fingerprint) {
  try {
    writeFileSync(STAMP, `${JSON.stringify({ fingerprint, dev: wantsDevDependencies })}\n`);
  } catch (error) {
    // node_modules may belong to someone else or be read-only. The stamp only saves the comparison next time.
    if (!['EACCES', 'EPERM', 'EROFS'].includes(error.code)) throw error;
  }
}

function isRunning(pid) {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
}

/** Takes the install lock; resolves to a function that gives it back. Waits while another process installs. */
async function lockInstall() {
  mkdirSync(dirname(INSTALL_LOCK), { recursive: true });
  let told = false;
  for (;;) {
    try {
      writeFileSync(INSTALL_LOCK, String(process.pid), { flag: 'wx' });
      return () => rmSync(INSTALL_LOCK, { force: true });
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
    }
    const holder = readLockHolder();
    if (holder === null) continue;
    if (holder.stale) {
      rmSync(INSTALL_LOCK, { force: true });
      continue;
    }
    if (!told) {
      console.error(`Another process (${holder.pid}) is installing the dependencies here: waiting for it.`);
      told = true;
    }
    await sleep(300);
  }
}

/** Who holds the install lock; null when it was given back meanwhile. */
function readLockHolder() {
  try {
    const pid = Number(readFileSync(INSTALL_LOCK, 'utf8'));
    // An empty file is either being written this instant or left by a killed process: age tells.
    const age = Date.now() - statSync(INSTALL_LOCK).mtimeMs;
    return { pid, stale: pid > 0 ? !isRunning(pid) : age > 5000 };
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
}

/** The npm that runs us when there is one, so that the same version installs. */
function npmCi() {
  const args = ['ci', '--no-audit', '--no-fund'];
  const own = process.env.npm_execpath;
  if (own && basename(own) === 'npm-cli.js') return { command: process.execPath, args: [own].concat(args) };
  return { command: 'npm', args };
}

async function installDependencies() {
  const unlock = await lockInstall();
  try {
    if (dependenciesAreCurrent()) return; // whoever held the lock before us did it
    const why = existsSync(MODULES) ? 'node_modules is out of date' : 'there is no node_modules yet';
    console.error(`Installing dependencies (${why}): npm ci. This takes a minute or so.`);
    const started = Date.now();
    const { command, args } = npmCi();
    const code = await new Promise((done, fail) => {
      const npm = spawn(command, args, {
        cwd: ROOT,
        // npm's own lines must not end up in a program's output that somebody pipes on.
        stdio: ['ignore', 2, 2],
      });
      npm.once('error', fail);
      npm.once('exit', (exitCode, signal) => done(signal ?? exitCode));
    });
    if (code !== 0) {
      throw new SetupError(
        `"npm ci" failed (${code}); its message is above. If package.json was changed by hand, run "npm install" ` +
          'once to bring package-lock.json along; otherwise check the network and run the command again.',
      );
    }
    writeStamp(wantedFingerprint());
    console.error(`Dependencies installed in ${Math.round((Date.now() - started) / 1000)} s.`);
  } finally {
    unlock();
  }
}

/** Runs the file to its end and leaves this process the same way: same exit code or same signal. */
function run(file, args) {
  const loader =
    extname(file) === '.ts'
      ? ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href]
      : [];
  // The channel lets a program notice that its starter was killed outright ('disconnect'), which no signal tells.
  const child = spawn(process.execPath, [...loader, file, ...args], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  });
  for (const signal of FORWARDED_SIGNALS) {
    process.on(signal, () => child.kill(signal));
  }
  child.once('error', (error) => {
    console.error(`Could not start ${file}: ${error.message}`);
    process.exit(1);
  });
  child.once('exit', (code, signal) => {
    if (signal === null) process.exit(code ?? 1);
    for (const forwarded of FORWARDED_SIGNALS) process.removeAllListeners(forwarded);
    process.kill(process.pid, signal);
    // A signal that does not end a process (or that is blocked) must still not look like success.
    setTimeout(() => process.exit(1), 1000);
  });
}

try {
  requireNode();
  const [file, ...args] = process.argv.slice(2);
  if (!file) throw new SetupError('Usage: node scripts/run.mjs FILE [arguments]');
  if (!dependenciesAreCurrent()) await installDependencies();
  const path = existsSync(resolve(file)) ? resolve(file) : join(ROOT, file);
  if (!existsSync(path)) throw new SetupError(`There is no file ${file}.`);
  run(path, args);
} catch (error) {
  console.error(error instanceof SetupError ? error.message : error);
  process.exit(1);
}
