// Starts the browser and keeps what the scripts beside this file have in common.

import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

// tests/run installs it under target/, not beside this file
const installed = fileURLToPath(new URL('../../target/browser/', import.meta.url));
const { chromium } = createRequire(installed)('playwright-core');

/** What the test hands over: addresses on the agent, and whatever the script needs besides. */
export const input = JSON.parse(process.argv[2]);

/** Debian's browser unless another one is named. */
const program = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** How long anything in a page may take, in milliseconds. */
export const patience = 60_000;

/** Runs a test with a browser, then closes the browser; a failure ends the process with 1. */
export async function withBrowser(test, flags = []) {
  const browser = await chromium.launch({
    executablePath: program,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
      ...flags,
    ],
  });
  try {
    const context = await browser.newContext();
    context.setDefaultTimeout(patience);
    context.setDefaultNavigationTimeout(patience);
    await test(context);
  } finally {
    await browser.close();
  }
}

/** Runs a function in a page or a frame; what never ends there fails here. */
export async function evaluated(frame, look, argument) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${frame.url()}: ${look.name} did not end`)), patience);
  });
  try {
    return await Promise.race([frame.evaluate(look, argument), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Plays, seeks to the end, to the middle, to the start; says where the film stood after each. */
async function watch() {
  const video = document.querySelector('video');
  const moment = (name) =>
    new Promise((resolve, reject) => {
      video.addEventListener(name, resolve, { once: true });
      video.addEventListener('error', () => reject(new Error(video.error.message)), { once: true });
    });
  if (video.error) throw new Error(video.error.message);
  if (video.readyState < HTMLMediaElement.HAVE_METADATA) await moment('loadedmetadata');
  const seen = { duration: video.duration, places: [] };
  for (const part of [0, 0.95, 0.5, 0.1]) {
    const target = video.duration * part;
    const arrived = moment('seeked');
    video.currentTime = target;
    await arrived;
    await video.play();
    while (video.currentTime <= target) await moment('timeupdate');
    video.pause();
    seen.places.push(video.currentTime / video.duration);
  }
  const quality = video.getVideoPlaybackQuality();
  return { ...seen, frames: quality.totalVideoFrames, width: video.videoWidth };
}

/** Watches the film of a frame, and looks whether it is as long and wide as wanted and came everywhere. */
export async function watched(frame, wanted, what) {
  const seen = await evaluated(frame, watch);
  assert.ok(Math.abs(seen.duration - wanted.duration) < 0.5, `${what}: ${JSON.stringify(seen)}`);
  assert.equal(seen.width, wanted.width, what);
  assert.ok(seen.frames > 0, what);
  for (const [index, part] of [0, 0.95, 0.5, 0.1].entries()) {
    assert.ok(seen.places[index] > part && seen.places[index] < part + 0.4, `${what}: ${seen.places}`);
  }
}

/** Serves pages on an origin of their own: `pages` maps a path to its HTML, or to text and type. Gives the origin. */
export async function otherOrigin(pages, test) {
  const server = createServer((request, response) => {
    const [text, type] = [pages[request.url] ?? []].flat();
    const known = text !== undefined;
    response.writeHead(known ? 200 : 404, { 'Content-Type': `${type ?? 'text/html'}; charset=utf-8` });
    response.end(text ?? '');
  });
  await new Promise((listening) => server.listen(0, '127.0.0.1', listening));
  try {
    await test(`http://127.0.0.1:${server.address().port}`);
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

/** Text as it may stand in HTML, also inside quotes. */
export function escaped(text) {
  return text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
