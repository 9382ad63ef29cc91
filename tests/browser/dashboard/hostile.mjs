// Names of files, items and sites are written by strangers: they are shown as letters, and nothing more.

import assert from 'node:assert/strict';
import { HOSTILE } from '../mock/data.mjs';
import { everyView, isMock, steps, withDashboard } from './support.mjs';

await steps({
  'no name runs, loads, breaks out or stretches the page': (context) =>
    withDashboard(context, { items: 30, streams: 9, hostile: true }, async ({ page, open, agent, api }) => {
      const asked = [];
      page.on('request', (request) => asked.push(request.url()));
      await open();
      const { items } = await api('/items');
      for (const view of everyView(items.find((item) => item.name === HOSTILE[0]) ?? items[0])) {
        await open(view);
        await page.waitForTimeout(300);
        const seen = await page.evaluate(() => ({
          ran: 'ran' in window,
          made: document.querySelectorAll('main img, main script, main iframe, main object, main b b').length,
          odd: [...document.querySelectorAll('main a[href]')]
            .filter((link) => !/^https?:$/.test(link.protocol))
            .map((link) => link.href),
          // one line stays one line: no row is higher than the others
          rows: new Set(
            [...document.querySelectorAll('tbody tr:not(.spacer)')].map((row) =>
              Math.round(row.getBoundingClientRect().height),
            ),
          ).size,
          // marks that turn the line around are never passed on
          turned: /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/.test(document.querySelector('main').innerText),
          longest: Math.max(
            ...[...document.querySelectorAll('main *')].map((node) =>
              node.children.length ? 0 : node.textContent.length,
            ),
          ),
        }));
        assert.deepEqual(
          { ...seen, rows: Math.min(seen.rows, 1), longest: seen.longest < 1000 },
          { ran: false, made: 0, odd: [], rows: Math.min(seen.rows, 1), turned: false, longest: true },
          `${view}: ${JSON.stringify(seen)}`,
        );
        assert.ok(seen.rows <= 1, `${view}: rows of ${seen.rows} heights`);
      }
      assert.ok(!asked.some((url) => url.includes('stolen')), `${asked}`);
      if (!isMock) return;
      // its letters are all there
      await open('#/items');
      await page.locator('#search').fill('onerror');
      await page.getByRole('link', { name: HOSTILE[0], exact: true }).waitFor();
      assert.equal(
        agent.calls.some((call) => call.includes('stolen')),
        false,
      );
    }),

  'an address that leads elsewhere is not a link': (context) =>
    withDashboard(context, {}, async ({ page, open, agent }) => {
      if (!isMock) return;
      const [item] = agent.items;
      await page.route('**/files?**', (route) =>
        route.fulfill({
          json: {
            more: false,
            files: [
              {
                path: 'a.mp4',
                name: 'a.mp4',
                length: 5,
                url: 'javascript:window.ran=1',
                kind: 'file',
                held: 0,
                bar: [0],
              },
              {
                path: 'b.mp4',
                name: 'b.mp4',
                length: 5,
                url: 'https://elsewhere.example/b.mp4',
                kind: 'file',
                held: 0,
                bar: [500, -3, 'x'],
              },
            ],
          },
        }),
      );
      await open(`#/item/${item.protocol}/${item.id}`);
      await page.locator('bdi', { hasText: 'b.mp4' }).waitFor();
      assert.equal(await page.locator('tbody a[href]').count(), 0);
      assert.equal(await page.locator('tbody button:visible').count(), 0);
    }),

  'a notice shows a hostile name as letters too': (context) =>
    withDashboard(context, { hostile: true, still: true }, async ({ page, open }) => {
      if (!isMock) return;
      await open('#/items');
      await page.locator('#search').fill('script');
      await page
        .getByRole('button', { name: /^Remove/ })
        .first()
        .click();
      await page.locator('#notices').getByText('<script>').waitFor();
      assert.equal(await page.evaluate(() => 'ran' in window), false);
    }),
});
