// Everything one can do: pinning, removing and taking it back, opening, playing, copying, sharing, settings.

import assert from 'node:assert/strict';
import { eventually, isMock, steps, withDashboard } from './support.mjs';

const pathOf = (item) => `/items/${item.protocol}/${item.id}`;

/** An item that may go, and its row in the table. */
async function victim({ page, open, api }) {
  await open('#/items');
  const { items } = await api('/items');
  const item = items.find((each) => !each.pinned && each.name && each.disk > 0);
  await page.locator('#search').fill(item.id.slice(0, 16));
  const row = page.locator('tbody tr:not(.spacer)');
  await eventually(() => row.count(), 1, 'the row');
  return { item, row };
}

const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

await steps({
  'an item is pinned, and unpinned': (context) =>
    withDashboard(context, {}, async (dashboard) => {
      const { item, row } = await victim(dashboard);
      const pin = row.getByRole('button', { name: /^Pin / });
      await pin.click();
      await eventually(() => pin.getAttribute('aria-pressed'), 'true', 'pressed');
      await eventually(async () => (await dashboard.api(pathOf(item))).pinned, true, 'the agent');
      await eventually(
        () => row.getByRole('button', { name: /^Remove / }).isDisabled(),
        true,
        'what is pinned is not removed',
      );
      await pin.click();
      await eventually(async () => (await dashboard.api(pathOf(item))).pinned, false, 'the agent again');
    }),

  'a removal is taken back, by button and by key': (context) =>
    withDashboard(context, { still: true }, async (dashboard) => {
      const { page, agent, api } = dashboard;
      const { item, row } = await victim(dashboard);
      for (const undo of [
        () => page.getByRole('button', { name: 'Undo' }).click(),
        () => page.keyboard.press('Control+z'),
      ]) {
        await row.getByRole('button', { name: /^Remove / }).click();
        await eventually(() => row.count(), 0, 'gone from the table');
        await page.locator('h1').click();
        await undo();
        await eventually(() => row.count(), 1, 'back in the table');
      }
      assert.equal((await api(pathOf(item))).id, item.id);
      if (agent) assert.ok(!agent.calls.some((call) => call.startsWith('DELETE')));
    }),

  'a removal is made when nobody objects': (context) =>
    withDashboard(context, { still: true }, async (dashboard) => {
      const { page, api } = dashboard;
      const { item, row } = await victim(dashboard);
      await row.getByRole('button', { name: /^Remove / }).click();
      await page.locator('#notices').getByText('Freed').waitFor();
      assert.equal((await api(pathOf(item))).status, 404);
    }),

  'a removal is made when the page is closed': (context) =>
    withDashboard(context, { still: true }, async (dashboard) => {
      if (!isMock) return;
      const { page, agent } = dashboard;
      const { item, row } = await victim(dashboard);
      await row.getByRole('button', { name: /^Remove / }).click();
      await page.goto('about:blank');
      await eventually(() => agent.find(item.protocol, item.id) === undefined, true, 'removed');
    }),

  'what the agent refuses to remove comes back': (context) =>
    withDashboard(context, { still: true }, async (dashboard) => {
      if (!isMock) return;
      const { page, agent } = dashboard;
      const { row } = await victim(dashboard);
      agent.fail('DELETE /items', { status: 409, reason: 'pinned', detail: 'it is pinned; unpin it first' });
      await row.getByRole('button', { name: /^Remove / }).click();
      await page.locator('#notices').getByText('Not done: It is pinned; unpin it first.').waitFor();
      await eventually(() => row.count(), 1, 'back in the table');
    }),

  'what only one site asked for is removed': (context) =>
    withDashboard(context, { still: true }, async ({ page, open, agent }) => {
      if (!isMock) return;
      await open('#/sites');
      await page.getByRole('button', { name: /only http:\/\/127/ }).click();
      await page.locator('#notices').getByText('Freed').waitFor();
      assert.equal(agent.purged, 'http://127.0.0.1:43110');
    }),

  'making room asks first': (context) =>
    withDashboard(context, {}, async ({ page, open, api }) => {
      await open('#/collections');
      const before = (await api('/collections')).collections.length;
      await page.locator('#room').fill('much');
      await page.getByRole('button', { name: 'Make room' }).click();
      await page.getByText('Write a size').waitFor();
      await page.locator('#room').fill('900 TB');
      await page.getByRole('button', { name: 'Make room' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
      assert.equal((await api('/collections')).collections.length, before);
      await page.getByRole('button', { name: 'Make room' }).click();
      await page.getByRole('dialog').getByRole('button', { name: 'Make room' }).click();
      await page.locator('#notices').getByText('Freed').waitFor();
    }),

  'an infohash is pasted: files, play, copy, embed, playlist': (context) =>
    withDashboard(context, { still: true, held: true }, async ({ page, open, agent }) => {
      if (!isMock) return;
      await open();
      const hash = 'ab'.repeat(20);
      await page.evaluate(
        (text) => navigator.clipboard.writeText(text),
        `magnet:?xt=urn:btih:${hash.toUpperCase()}&tr=udp://tracker.example`,
      );
      await page.locator('#paste').focus();
      await page.keyboard.press('Control+v');
      await page.getByText('Looking for its files').waitFor();
      agent.hurry();
      await page.getByRole('link', { name: 'song.wav' }).waitFor();
      const url = `${agent.contentOrigin}/bittorrent/v0/stream/${hash}`;
      await page.locator('.actions').getByRole('button', { name: 'Copy URL' }).click();
      assert.equal(await clipboard(page), url);
      assert.equal(
        await page.getByRole('link', { name: 'Playlist' }).getAttribute('href'),
        `${agent.contentOrigin}/bittorrent/v0/playlist/${hash}`,
      );
      const row = (name) => page.locator('tbody tr', { hasText: name });
      await row('song.wav').getByRole('button', { name: 'Copy HTML' }).click();
      assert.equal(await clipboard(page), `<audio controls src="${url}/song.wav"></audio>`);
      await row('poster.png').getByRole('button', { name: 'Copy HTML' }).click();
      assert.equal(await clipboard(page), `<img src="${url}/poster.png" alt="">`);
      await row('film.mp4').getByRole('button', { name: 'Copy HTML' }).click();
      assert.equal(await clipboard(page), `<video controls src="${url}/film.mp4"></video>`);
      await row('song.wav').getByRole('button', { name: /^Play/ }).click();
      await eventually(() => page.evaluate(() => document.querySelector('audio')?.currentTime > 0), true, 'it plays');
      await row('poster.png').getByRole('button', { name: /^Show/ }).click();
      await eventually(() => page.evaluate(() => document.querySelector('.stage img')?.naturalWidth), 1, 'it shows');
      // what does not play says why
      await row('film.mp4').getByRole('button', { name: /^Play/ }).click();
      await page.getByText('no peer was reached that has it').waitFor();
      await page.getByRole('button', { name: 'Close player' }).click();
      assert.equal(await page.locator('.stage > *').count(), 0);
    }),

  'a .torrent file is dropped, chosen, and what is none is refused': (context) =>
    withDashboard(context, { still: true }, async ({ page, open }) => {
      if (!isMock) return;
      await open('#/settings');
      const drop = (text) =>
        page.evaluate((content) => {
          const data = new DataTransfer();
          data.items.add(new File([content], 'a.torrent'));
          for (const type of ['dragenter', 'dragover', 'drop'])
            document.body.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }));
        }, text);
      await drop('not a torrent');
      await page.locator('#open-problem').getByText('neither an infohash nor a CID').waitFor();
      await drop('d4:infode');
      await eventually(() => page.url(), new RegExp(`#/item/bittorrent/${'e'.repeat(40)}$`), 'the view of the item');
      await open('#/overview');
      await page
        .locator('#open input[type=file]')
        .setInputFiles({ name: 'b.torrent', mimeType: 'application/x-bittorrent', buffer: Buffer.from('d4:infode') });
      await eventually(() => page.url(), /#\/item\/bittorrent\/e/, 'the view of the item again');
    }),

  'nonsense is refused, with the cure': (context) =>
    withDashboard(context, {}, async ({ page, open }) => {
      await open();
      await page.locator('#paste').fill('nonsense');
      await page.keyboard.press('Enter');
      await page.locator('#open-problem').waitFor();
      assert.equal(await page.locator('#paste').getAttribute('aria-invalid'), 'true');
      assert.ok((await page.locator('#open-problem').innerText()).length > 10);
    }),

  'what nobody has says so, and a bookmark fetches nothing by itself': (context) =>
    withDashboard(context, {}, async ({ page, open, agent }) => {
      if (!isMock) return;
      await open('#/item/bittorrent/dead000000000000000000000000000000000001');
      await page.getByText('The list of files is not known yet').waitFor();
      assert.ok(!agent.items.some((item) => item.id.startsWith('dead')));
      await page.getByRole('button', { name: 'Find its files' }).click();
      await page.getByText('No peer was reached that has it').waitFor();
      await page.getByRole('button', { name: 'Try again' }).waitFor();
    }),

  'a file is shared, its addresses copied, and unshared': (context) =>
    withDashboard(context, { tick: 200, held: true }, async ({ page, open, agent }) => {
      if (!isMock) return;
      await open('#/sharing');
      await page.getByText('Nothing is shared').waitFor();
      const share = () => page.locator('.share-form').getByRole('button', { name: 'Share' }).click();
      await share();
      await page.locator('main [role=alert]').getByText('Write the path').waitFor();
      await page.locator('#paths').fill('film.mp4');
      await share();
      await page.locator('main [role=alert]').getByText('Write the whole path').waitFor();
      await page.locator('#paths').fill('/missing');
      await share();
      await page.locator('main [role=alert]').getByText('There is nothing at /missing').waitFor();
      await page.locator('#paths').fill('/home/me/film.mp4');
      await share();
      const card = page.locator('article');
      await card.getByText('Hashing').waitFor();
      await card.getByText('25 %').waitFor();
      agent.hurry();
      await card.getByText('Shared').waitFor();
      await card.getByRole('button', { name: 'Copy the magnet link' }).click();
      assert.match(await clipboard(page), /^magnet:\?xt=urn:btih:c{40}/);
      await card.getByRole('button', { name: 'Stop sharing' }).click();
      await page.getByText('Nothing is shared').waitFor();
      await page.getByRole('button', { name: 'Undo' }).click();
      await card.getByRole('button', { name: 'Stop sharing' }).click();
      await eventually(() => agent.shares.size, 0, 'unshared');
    }),

  'settings are changed, refused, and asked about': (context) =>
    withDashboard(context, {}, async ({ page, open, agent, api }) => {
      if (!isMock) return;
      await open('#/settings');
      const limit = page.getByLabel('disk.limit', { exact: true });
      await limit.fill('a lot');
      await page.getByLabel('bittorrent.port', { exact: true }).fill('51413');
      await page.getByText('2 changes not saved').waitFor();
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('main [role=alert]').getByText('is not a size').waitFor();
      assert.equal(await limit.getAttribute('aria-invalid'), 'true');
      // lower than what is used: what goes cannot be brought back
      await limit.fill('1GB');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByRole('dialog').getByText('given up at once').waitFor();
      await page.keyboard.press('Escape');
      assert.equal(agent.settings.find(({ key }) => key === 'disk.limit').value, '20GB');
      await limit.fill('30GB');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.getByText('Restart the agent for bittorrent.port').waitFor();
      const { settings } = await api('/settings');
      assert.equal(settings.find(({ key }) => key === 'disk.limit').value, '30GB');
      assert.equal(settings.find(({ key }) => key === 'bittorrent.port').value, 51413);
      assert.equal(await page.getByRole('button', { name: 'Save' }).isVisible(), false);
      // back to the default is back to no line in the file
      await page
        .locator('.setting', { hasText: 'bittorrent.port' })
        .getByRole('button', { name: 'Use default' })
        .click();
      await page.getByRole('button', { name: 'Save' }).click();
      await eventually(() => agent.settings.find(({ key }) => key === 'bittorrent.port').from, 'default', 'the file');
      await page.getByLabel('log.level', { exact: true }).selectOption('debug');
      await page.getByRole('button', { name: 'Discard' }).click();
      assert.equal(await page.getByLabel('log.level', { exact: true }).inputValue(), 'info');
    }),

  'colours are switched, and stay': (context) =>
    withDashboard(context, {}, async ({ page, open }) => {
      await open();
      const ground = () => page.evaluate(() => getComputedStyle(document.documentElement).backgroundColor);
      const light = await ground();
      await page.getByRole('button', { name: 'Dark colours' }).click();
      const dark = await ground();
      assert.notEqual(dark, light);
      await page.reload();
      assert.equal(await ground(), dark);
      await page.getByRole('button', { name: 'Light colours' }).click();
      assert.equal(await ground(), light);
    }),
});
