// The page of the demo: films play, pictures show, addresses can be copied, the dashboard opens; and nothing goes wrong
// that a browser would tell of. With `until: "first-frame"` it says when the first picture of a film was seen.

import assert from 'node:assert/strict';
import { evaluated, input, withBrowser } from './chromium.mjs';

/** Plays every film from the place where it stands until frames came; gives the addresses and how many. */
async function films() {
  const played = [];
  for (const film of document.querySelectorAll('video')) {
    while (!film.src) await new Promise((again) => setTimeout(again, 20));
    await film.play();
    await new Promise((shown, failed) => {
      film.requestVideoFrameCallback(() => film.requestVideoFrameCallback(shown));
      film.addEventListener('error', () => failed(new Error(film.error.message)), { once: true });
    });
    const arrived = new Promise((seeked) => film.addEventListener('seeked', seeked, { once: true }));
    film.currentTime = film.duration * 0.8;
    await arrived;
    await new Promise((shown) => film.requestVideoFrameCallback(shown));
    played.push([new URL(film.src).pathname, film.videoWidth, film.currentTime / film.duration]);
  }
  return played;
}

/** Waits for every picture; gives their widths, 0 where one is broken. */
async function pictures() {
  const images = [...document.images];
  for (const image of images) {
    while (!image.src) await new Promise((again) => setTimeout(again, 20));
    await image.decode().catch(() => {});
  }
  return images.map((image) => image.naturalWidth);
}

await withBrowser(async (context) => {
  const tab = await context.newPage();
  const told = [];
  tab.on('console', (message) => ['error', 'warning'].includes(message.type()) && told.push(message.text()));
  tab.on('pageerror', (error) => told.push(error.message));
  tab.on('requestfailed', (request) => {
    // a film is asked for anew where it is jumped to
    if (request.resourceType() !== 'media') told.push(`${request.url()}: ${request.failure().errorText}`);
  });
  await tab.goto(input.page);

  // the first film plays without anybody touching it
  await tab.waitForFunction(() => document.querySelector('video').currentTime > 0);
  const played = await evaluated(tab.mainFrame(), films);
  assert.equal(played.length, 3);
  for (const [path, width, place] of played) {
    assert.equal(width, 640, path);
    assert.ok(place > 0.7, `${path}: ${place}`);
  }
  const widths = await evaluated(tab.mainFrame(), pictures);
  assert.deepEqual(widths, Array(24).fill(480));

  const addresses = await tab.$$eval('input', (inputs) => inputs.map((field) => field.value));
  assert.deepEqual(addresses, input.links);
  for (const status of await tab.$$('[data-status]')) {
    await tab.waitForFunction((seen) => /kB.* · [1-9]\d* peer/.test(seen.textContent), status);
  }
  assert.equal(await tab.isVisible('[data-p2p-missing]'), false);

  const [dashboard] = await Promise.all([context.waitForEvent('page'), tab.click('a.button')]);
  await dashboard.waitForLoadState();
  assert.equal(dashboard.url(), input.dashboard);
  assert.match(await dashboard.title(), /universal-p2p/);
  assert.deepEqual(told, []);
});
