// One evening with a real agent and a real swarm: what is pasted plays, names of strangers are letters, files
// are shared and taken back, and the agent is killed meanwhile. The test on the other side starts it again.

import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { input } from '../chromium.mjs';
import { accessible, eventually, everyView, steps, withDashboard } from './support.mjs';

const item = { protocol: 'bittorrent', id: input.id };
const path = `/items/bittorrent/${input.id}`;

/** The marks that turn a line around, which are never passed on. */
const TURNING = /[\u202a-\u202e\u2066-\u2069\u200e\u200f]/;

await steps({
  'a magnet link is pasted, and its film plays': (context) =>
    withDashboard(context, {}, async ({ page, open, api }) => {
      await open();
      await page.getByText('Nothing on the disk yet').first().waitFor();
      await page.locator('#paste').fill(input.magnet);
      await page.keyboard.press('Enter');
      const row = (name) => page.locator('tbody tr', { hasText: name });
      await row('film.webm').getByRole('button', { name: /^Play/ }).click();
      const place = () => page.evaluate(() => document.querySelector('video')?.currentTime ?? 0);
      await eventually(async () => (await place()) > 0.2, true, 'it plays');
      await eventually(async () => (await api(path)).disk > 0, true, 'bytes on the disk');
      await row('still.png').getByRole('button', { name: /^Show/ }).click();
      await eventually(
        () => page.evaluate(() => document.querySelector('.stage img')?.naturalWidth),
        input.width,
        'it shows',
      );
      await page.getByRole('button', { name: 'Close player' }).click();
    }),

  'who reads now is seen, and who asked': (context) =>
    withDashboard(context, {}, async ({ page, open }) => {
      await open('#/streams');
      await page.getByText('Nobody reads anything').waitFor();
      const content = await page.evaluate(async () => {
        const token = document.querySelector('meta[name=token]').content;
        const answer = await fetch('/api/v0/status', { headers: { Authorization: `Bearer ${token}` } });
        return (await answer.json()).content;
      });
      // a reader that takes a little and then nothing
      const stop = new AbortController();
      const answer = await fetch(`${content}${input.large}&from=my-site`, { signal: stop.signal });
      const reader = answer.body.getReader();
      await reader.read();
      const row = page.locator('tbody tr', { hasText: 'large.bin' });
      await row.filter({ hasText: 'my-site' }).waitFor();
      await row.filter({ hasText: 'Player is full' }).waitFor();
      stop.abort();
      await page.getByText('Nobody reads anything').waitFor();
      await open('#/sites');
      await page.locator('main').getByText('my-site').filter({ visible: true }).first().waitFor();
    }),

  'names of strangers are letters in every view, and nothing is in the way of a reader': (context) =>
    withDashboard(context, {}, async ({ page, open }) => {
      for (const view of everyView(item)) {
        await open(view);
        await page.waitForTimeout(200);
        const main = page.locator('main');
        const seen = await page.evaluate(() => ({
          ran: 'ran' in window,
          made: document.querySelectorAll('main img, main script, main iframe, main b b').length,
        }));
        assert.deepEqual(seen, { ran: false, made: 0 }, view);
        assert.equal(TURNING.test(await main.innerText()), false, view);
        await accessible(page, view);
      }
      await open(`#/item/bittorrent/${input.id}`);
      await page.locator('main h1', { hasText: 'onerror' }).waitFor();
    }),

  'it is pinned, unpinned, removed and brought back, and removed': (context) =>
    withDashboard(context, {}, async ({ page, open, api }) => {
      await open('#/items');
      const row = page.locator('tbody tr', { hasText: 'onerror' });
      const pin = row.getByRole('button', { name: /^Pin / });
      await pin.click();
      await eventually(async () => (await api(path)).pinned, true, 'pinned');
      await eventually(() => pin.getAttribute('aria-pressed'), 'true', 'pressed');
      await pin.click();
      await eventually(async () => (await api(path)).pinned, false, 'unpinned');
      const removing = row.getByRole('button', { name: /^Remove / });
      await removing.click();
      await eventually(() => row.count(), 0, 'gone from the table');
      await page.getByRole('button', { name: 'Undo' }).click();
      await eventually(() => row.count(), 1, 'back in the table');
      assert.ok((await api(path)).disk > 0);
      await removing.click();
      await page.locator('#notices').getByText('Freed').waitFor();
      await eventually(async () => (await api(path)).status, 404, 'removed');
    }),

  'a .torrent file is chosen': (context) =>
    withDashboard(context, {}, async ({ page, open }) => {
      await open();
      await page.locator('#open input[type=file]').setInputFiles(input.metainfo);
      await eventually(() => page.url(), new RegExp(`#/item/bittorrent/${input.id}$`), 'the view of the item');
      await page.getByRole('link', { name: 'film.webm' }).waitFor();
    }),

  'a file is shared, changes, and is shared no more': (context) =>
    withDashboard(context, {}, async ({ page, open, api }) => {
      await open('#/sharing');
      await page.getByText('Nothing is shared').waitFor();
      const share = async (what) => {
        await page.locator('#paths').fill(what);
        await page.locator('.share-form').getByRole('button', { name: 'Share' }).click();
      };
      const card = (word) => page.locator('article').filter({ has: page.locator('.badge', { hasText: word }) });
      await share(`${input.shared}.none`);
      await card('Failed').getByText('No such file').waitFor();
      await card('Failed').getByRole('button', { name: 'Dismiss' }).click();
      await share(input.shared);
      await card('Shared').getByRole('button', { name: 'Copy the magnet link' }).click();
      const { shares } = await api('/shares');
      const told = shares.find(({ state }) => state === 'ready');
      assert.equal(await page.evaluate(() => navigator.clipboard.readText()), told.bittorrent.magnet);
      const wanted = readFileSync(input.shared);
      for (const { url } of [told.bittorrent, told.ipfs]) {
        const got = Buffer.from(await (await fetch(url)).arrayBuffer());
        assert.ok(got.equals(wanted), url);
      }
      await accessible(page, 'sharing');
      writeFileSync(input.shared, 'something else');
      // reading it is how it is noticed at once
      await fetch(told.bittorrent.url).then((answer) => answer.body?.cancel(), () => {});
      await card('Changed').getByText('share it again').waitFor();
      await page.getByRole('button', { name: 'Stop sharing' }).click();
      await eventually(async () => (await api('/shares')).shares.length, 0, 'shared no more');
      assert.equal(readFileSync(input.shared, 'utf8'), 'something else');
    }),

  'a setting is changed': (context) =>
    withDashboard(context, {}, async ({ page, open, api }) => {
      await open('#/settings');
      await page.getByLabel('disk.limit', { exact: true }).fill('7GB');
      await page.getByRole('button', { name: 'Save' }).click();
      await eventually(async () => (await api('/status')).disk.limit, 7e9, 'the limit');
    }),

  'the agent is killed and started again: the page goes on': (context) =>
    withDashboard(context, {}, async ({ page, open, api }) => {
      await open('#/items');
      writeFileSync(`${input.flags}/kill`, '');
      await page.locator('#lost').waitFor();
      assert.equal(await page.locator('#connection').innerText(), 'Not connected');
      writeFileSync(`${input.flags}/start`, '');
      await page.locator('#lost').waitFor({ state: 'hidden' });
      await page.locator('#connection[data-state=live]').waitFor();
      // what happens now is told too
      await api(`${path}/pin`, 'PUT');
      const pin = page.locator('tbody button[aria-pressed=true]');
      await pin.first().waitFor();
    }),
});
