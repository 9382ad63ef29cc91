// What a browser shows by itself shows when its address on the agent is opened directly.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { input, patience, withBrowser } from './chromium.mjs';

/** Opens an address in a tab of its own and looks at it; the policy must not be in the way. */
async function opened(context, address, look) {
  const page = await context.newPage();
  const refusals = [];
  page.on('console', (message) => {
    if (/Content Security Policy/i.test(message.text())) refusals.push(message.text());
  });
  await page.goto(address);
  await look(page);
  assert.deepEqual(refusals, [], address);
  await page.close();
}

/** Asks again and again: listeners and timers of the page itself do not run in its sandbox. */
async function reached(page, look) {
  const deadline = Date.now() + patience;
  let seen;
  do {
    seen = await page.evaluate(look);
    if (seen === true) return;
    await sleep(100);
  } while (Date.now() < deadline);
  assert.fail(`${page.url()}: ${JSON.stringify(seen)}`);
}

/** The browser's own player plays when it is told to; the place it has come to must move on. */
async function plays(page) {
  await reached(page, () => {
    const media = document.querySelector('video, audio');
    if (!media) return 'no player';
    // the sandbox keeps it from starting by itself; the promise of play() would never be kept there
    if (media.paused && media.currentTime === 0) media.play().catch(() => {});
    const { currentTime, readyState, networkState, error } = media;
    return currentTime > 0 || { currentTime, readyState, networkState, error: error?.message };
  });
}

await withBrowser(async (context) => {
  await opened(context, input.image, (page) =>
    reached(page, `document.querySelector('img')?.naturalWidth === ${input.width}`),
  );
  await opened(context, input.video, plays);
  await opened(context, input.audio, plays);
  await opened(context, input.text, async (page) => {
    assert.equal(await page.evaluate(() => document.body.innerText.trim()), input.words);
  });
});
