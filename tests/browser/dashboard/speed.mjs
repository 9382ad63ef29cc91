// Measures the dashboard: how soon it can be used, what it transfers, and how smoothly a thousand items and
// fifty streams move. Only what does not depend on the machine is asserted; the rest is printed as JSON.

import assert from 'node:assert/strict';
import { eventually, isMock, steps, withDashboard } from './support.mjs';

/** The most that opening the dashboard may transfer, in bytes. */
const MOST = 200_000;

/** How long frames are counted, in milliseconds. */
const WATCH = 6000;

const figures = {};

/** Counts frames while things move; gives the rate, the longest frame and what main-thread tasks took. */
async function watch(page, act) {
  await page.evaluate(() => {
    window.frames_ = [];
    window.long = [];
    new PerformanceObserver((list) => window.long.push(...list.getEntries().map(({ duration }) => duration))).observe({
      type: 'longtask',
    });
    const count = (now) => {
      window.frames_.push(now);
      requestAnimationFrame(count);
    };
    requestAnimationFrame(count);
  });
  await act?.(page);
  await page.waitForTimeout(WATCH);
  return page.evaluate(() => {
    const gaps = window.frames_
      .slice(1)
      .map((at, index) => at - window.frames_[index])
      .sort((one, other) => one - other);
    // the worst second, not the mean: a stutter is felt
    const seconds = new Map();
    for (const at of window.frames_)
      seconds.set(
        Math.floor((at - window.frames_[0]) / 1000),
        (seconds.get(Math.floor((at - window.frames_[0]) / 1000)) ?? 0) + 1,
      );
    const full = [...seconds.values()].slice(0, -1);
    return {
      fps: Math.round((1000 * gaps.length) / (window.frames_.at(-1) - window.frames_[0])),
      worst_second: Math.min(...full),
      p99_ms: Math.round(gaps[Math.floor(gaps.length * 0.99)]),
      long_tasks: window.long.length,
      longest_ms: Math.round(Math.max(0, ...window.long)),
    };
  });
}

/** What was transferred of the dashboard itself so far. */
async function loaded(page) {
  const parts = await page.evaluate(() =>
    [...performance.getEntriesByType('navigation'), ...performance.getEntriesByType('resource')]
      .filter(({ name }) => !name.includes('/api/'))
      .map(({ name, transferSize }) => [new URL(name).pathname, transferSize]),
  );
  return { bytes: parts.reduce((sum, [, size]) => sum + size, 0), paths: parts.map(([path]) => path) };
}

await steps({
  'transfer and start': (context) =>
    withDashboard(context, { items: 30, streams: 4 }, async ({ page, open }) => {
      const session = await page.context().newCDPSession(page);
      const forget = () => session.send('Network.clearBrowserCache');
      for (const [name, before] of [
        ['first_visit', forget],
        ['next_visit', () => {}],
      ]) {
        const runs = [];
        for (let run = 0; run < 9; run += 1) {
          await before();
          await open();
          await eventually(
            () => page.evaluate(() => performance.getEntriesByName('interactive').length),
            1,
            'interactive',
          );
          runs.push(await page.evaluate(() => performance.getEntriesByName('interactive')[0].startTime));
        }
        runs.sort((one, other) => one - other);
        figures[`interactive_ms, ${name}`] = { median: Math.round(runs[4]), worst: Math.round(runs[8]) };
      }
      await forget();
      await open();
      // what is loaded when there is nothing else to do counts too
      await eventually(() => loaded(page).then(({ paths }) => paths.includes('/views/item.js')), true, 'idle');
      await page.waitForTimeout(500);
      figures.transfer_bytes = (await loaded(page)).bytes;
      for (const view of ['sites', 'sharing', 'settings']) {
        await page.evaluate((name) => (location.hash = `#/${name}`), view);
        await page.locator(`main.view-${view}`).waitFor();
      }
      const all = await loaded(page);
      figures.all_views_bytes = all.bytes;
      figures.requests = all.paths.length;
      assert.ok(all.paths.length > 10 && figures.transfer_bytes < MOST, `${figures.transfer_bytes} bytes`);
    }),

  'a thousand items and fifty streams': (context) =>
    withDashboard(context, { items: 1000, streams: 50, restless: 1000 }, async ({ page, open }) => {
      if (!isMock) return;
      for (const [name, view, act] of [
        ['overview', '#/overview'],
        ['items', '#/items'],
        ['map', '#/items?as=map'],
        ['streams', '#/streams'],
        [
          'scrolling',
          '#/items',
          () =>
            page.evaluate(() => {
              const step = () => {
                scrollBy(0, 30);
                if (scrollY + innerHeight < document.body.scrollHeight - 40) requestAnimationFrame(step);
                else scrollTo(0, 0);
              };
              requestAnimationFrame(step);
            }),
        ],
      ]) {
        await open(view);
        await page.waitForTimeout(500);
        figures[name] = await watch(page, act);
        // everything moved while it was counted
        await eventually(() => page.locator('#connection').innerText(), 'Live', name);
      }
    }),
});
console.log(JSON.stringify(figures, null, 1));
