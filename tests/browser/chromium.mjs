// Starts the browser and keeps what the scripts beside this file have in common.

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
export async function withBrowser(test) {
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

/** Serves pages on an origin of their own: `pages` maps a path to its HTML. Gives the origin. */
export async function otherOrigin(pages, test) {
  const server = createServer((request, response) => {
    const page = pages[request.url];
    response.writeHead(page ? 200 : 404, { 'Content-Type': 'text/html; charset=utf-8' });
    response.end(page ?? '');
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
