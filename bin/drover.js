#!/usr/bin/env node
'use strict';

// Plain JavaScript that old releases of Node can read: it finds a Node that is new enough, which comes as a dependency.
const { spawn } = require('child_process');
const { existsSync } = require('fs');
const path = require('path');

const NEEDED = [22, 13];
const LAUNCHED = 'DROVER_LAUNCHED';
const ARENAS = 'MALLOC_ARENA_MAX';
const program = path.join(__dirname, '..', 'dist', 'src', 'bin', 'drover.js');

if (!existsSync(program)) {
  fail('drover is not built yet: run `npm run build` in ' + path.dirname(__dirname));
} else if (isNewEnough(process.versions.node)) {
  run();
} else {
  relaunch();
}

function isNewEnough(version) {
  const parts = version.split('.').map(Number);
  return parts[0] > NEEDED[0] || (parts[0] === NEEDED[0] && parts[1] >= NEEDED[1]);
}

function run() {
  if (process.argv[2] === 'serve' && canLimitArenas()) {
    process.execve(process.execPath, [process.execPath].concat(process.execArgv, process.argv.slice(1)), lean());
  }
  if (process.env[LAUNCHED]) endWithLauncher();
  require(program).run(process.argv, require('../package.json').version);
}

// glibc keeps what was freed in arenas of its threads, of which a server has many: after 1,800 sessions it held 340 MB
// with two of them, and never less than 585 without a bound. It is read when a process starts, so the process starts
// again, in place; a channel to a parent would not outlive that.
function canLimitArenas() {
  return process.platform === 'linux' && !process.env[ARENAS] && !process.channel && 'execve' in process;
}

// A third of a start is compiling: Node keeps what comes of it, by version and content, for the next one. Written when a
// server stops; where nothing can be written it goes without.
function lean(more) {
  return Object.assign({ [ARENAS]: '2' }, compiled(), process.env, more);
}

// In the directory of src/config/cache.ts.
function compiled() {
  const { DROVER_CACHE, XDG_CACHE_HOME, HOME } = process.env;
  const shared = XDG_CACHE_HOME || (HOME && path.join(HOME, '.cache'));
  const cache = DROVER_CACHE || (shared && path.join(shared, 'drover'));
  return cache ? { NODE_COMPILE_CACHE: path.resolve(cache, 'compiled') } : {};
}

// A launcher that is killed with -9 cannot pass that on: its end of the channel closes instead.
function endWithLauncher() {
  delete process.env[LAUNCHED];
  process.once('disconnect', () => process.kill(process.pid, 'SIGTERM'));
  process.channel.unref();
}

function relaunch() {
  const node = pinnedNode();
  if (!node) {
    fail('drover needs Node ' + NEEDED.join('.') + ' or newer; this is ' + process.versions.node);
    return;
  }
  const child = spawn(node, [__filename].concat(process.argv.slice(2)), {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    env: lean({ [LAUNCHED]: '1' }),
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => passOn(child, signal));
  child.on('error', (error) => fail(node + ' does not run: ' + error.message));
  child.on('exit', endLikeChild);
}

function pinnedNode() {
  try {
    const found = path.join(path.dirname(require.resolve('node/package.json')), 'bin', 'node');
    return existsSync(found) ? found : undefined;
  } catch {
    return undefined;
  }
}

function passOn(child, signal) {
  // A terminal's Ctrl-C reaches the child too: twice would mean "at once" where once means "when done".
  if (signal === 'SIGINT' && process.stdin.isTTY) return;
  child.kill(signal);
}

function endLikeChild(code, signal) {
  if (!signal) {
    process.exit(code);
  } else {
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  }
}

function fail(message) {
  console.error(message);
  process.exitCode = 1;
}
