// Every view shows what the agent says, whatever agent it is.

import assert from 'node:assert/strict';
import { eventually, everyView, isMock, steps, withDashboard } from './support.mjs';

await steps({
  'the overview says how full the disk is': (context) =>
    withDashboard(context, { items: 300, streams: 9, still: true }, async ({ page, open, api }) => {
      await open();
      const { disk } = await api('/status');
      const figures = await page.locator('.figure').allInnerTexts();
      for (const [at, bytes] of [disk.used, disk.limit, disk.free].entries()) assert.equal(figures[at], shown(bytes));
      assert.match(await page.locator('.meter').last().getAttribute('aria-label'), /used/);
      assert.ok((await page.locator('.networks').innerText()).includes('BitTorrent'));
      if (isMock) {
        assert.equal(await page.locator('main .row').count(), 12);
        assert.match(figures[3], /\/s$/);
      }
    }),

  'the map divides the board by bytes': (context) =>
    withDashboard(context, { items: 40, streams: 3, still: true }, async ({ page, open, api }) => {
      await open('#/items?as=map');
      const { items } = await api('/items');
      const tiles = await page.locator('.tile').evaluateAll((nodes) =>
        nodes.map((node) => {
          const { width, height } = node.getBoundingClientRect();
          return { href: decodeURIComponent(node.hash), area: width * height };
        }),
      );
      // within a network, areas are in proportion to bytes
      const all = items.filter((item) => item.disk > 0);
      for (const protocol of ['bittorrent', 'ipfs']) {
        const ratios = tiles
          .map(({ href, area }) => [
            area,
            all.find((item) => item.protocol === protocol && href === `#/item/${item.protocol}/${item.id}`),
          ])
          .filter(([area, item]) => item && area > 2000)
          .map(([area, item]) => area / item.disk);
        assert.ok(ratios.length > 1 || !isMock, protocol);
        for (const ratio of ratios) assert.ok(Math.abs(ratio / ratios[0] - 1) < 0.03, `${protocol}: ${ratios}`);
      }
    }),

  'the table has the same, sorts and searches': (context) =>
    withDashboard(context, { items: 1000, streams: 5, still: true }, async ({ page, open, api }) => {
      await open('#/items');
      const { items } = await api('/items');
      assert.equal(await page.locator('table.list').getAttribute('aria-rowcount'), String(items.length + 1));
      // of a thousand rows only those in sight exist
      assert.ok((await page.locator('tbody tr').count()) < 60);
      const first = () => page.locator('tbody th a').first().getAttribute('href');
      const href = (item) => `#/item/${item.protocol}/${item.id}`;
      const by = (value) => [...items].sort((one, other) => value(other) - value(one))[0];
      assert.equal(await first(), href(by((item) => item.disk)));
      await page.getByRole('button', { name: 'On disk' }).click();
      await page.mouse.move(2, 500);
      assert.equal(await page.locator('th[aria-sort]').getAttribute('aria-sort'), 'ascending');
      await page.getByRole('button', { name: 'Last used' }).click();
      assert.equal(await first(), href(by((item) => item.last_access)));
      const wanted = items[Math.floor(items.length / 2)];
      await page.locator('#search').fill(wanted.id.slice(0, 12));
      await eventually(() => page.locator('table.list').getAttribute('aria-rowcount'), '2', 'the search');
      assert.equal(await first(), href(wanted));
      await page.locator('#search').fill('there is no such thing');
      await page.getByText('Nothing matches').waitFor();
      await page.getByRole('button', { name: 'Show everything' }).click();
      await eventually(
        () => page.locator('table.list').getAttribute('aria-rowcount'),
        String(items.length + 1),
        'everything again',
      );
    }),

  'the last of a thousand rows is reached by scrolling': (context) =>
    withDashboard(context, { items: 1000, streams: 0, still: true }, async ({ page, open }) => {
      await open('#/items');
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      const last = () => page.locator('tbody tr:not(.spacer)').last().getAttribute('aria-rowindex');
      const count = await page.locator('table.list').getAttribute('aria-rowcount');
      await eventually(last, count, 'the last row');
    }),

  'streams say how fast, how far, and what they wait for': (context) =>
    withDashboard(
      context,
      { items: 100, streams: 50 },
      async ({ page, open }) => {
        await open('#/streams');
        if (!isMock) return;
        assert.match(await page.locator('.summary').innerText(), /^50\sstreams, .*\/s together, \d+ waiting/);
        const words = await page.locator('tbody').innerText();
        for (const word of [
          'Flowing',
          'Waits for peers',
          'Waits for data',
          'Waits for room',
          'Unpacking',
          'Player is full',
          'Waits for list',
        ])
          assert.ok(words.includes(word), word);
        const pace = () => page.locator('tbody').innerText();
        const before = await pace();
        await eventually(async () => (await pace()) !== before, true, 'the speeds move');
        // tall enough for all rows to be in sight
      },
      { viewport: { width: 1280, height: 2600 } },
    ),

  'sites explain the evidence': (context) =>
    withDashboard(context, {}, async ({ page, open, api }) => {
      await open('#/sites');
      const { rows } = await api('/usage?by=site');
      for (const row of rows.slice(0, 5))
        assert.ok((await page.locator('tbody').innerText()).includes(row.site || 'Nobody said'));
      const about = await page.locator('dl.evidence').innerText();
      for (const word of ['Origin', 'Referer', 'Claimed', 'Unknown']) assert.ok(about.includes(word), word);
    }),

  'an item has its files, figures, sites, and why it is kept': (context) =>
    withDashboard(context, { still: true }, async ({ page, open, api }) => {
      await open();
      const { items } = await api('/items');
      const item = items.find((each) => each.name && each.queue) ?? items[0];
      await open(`#/item/${item.protocol}/${item.id}`);
      await page.getByRole('heading', { level: 1, name: item.name }).waitFor();
      const { files } = await api(`/items/${item.protocol}/${item.id}/files?path=`);
      for (const file of files.slice(0, 8))
        await page.locator('tbody').getByText(file.name, { exact: false }).first().waitFor();
      await page.getByText('Why it is kept').waitFor();
      await page.locator('.facts').getByText('On disk').waitFor();
      if (!isMock) return;
      assert.ok((await page.locator('.filebar:visible').first().getAttribute('aria-label')).includes('on disk'));
      assert.ok((await page.locator('.aside .row').count()) >= 4);
      // into a directory, and into an archive, and back
      await page.getByRole('link', { name: 'many/' }).click();
      await page.getByRole('link', { name: '0001.jpg' }).waitFor();
      assert.equal(await page.locator('table.list').getAttribute('aria-rowcount'), '2301');
      await page.goBack();
      await page.getByRole('link', { name: 'Open the archive photos.zip' }).click();
      await page.getByRole('link', { name: 'notes.txt' }).waitFor();
      await page.locator('.trail').getByRole('link', { name: 'Files' }).click();
      await page.getByRole('link', { name: 'film.mp4' }).waitFor();
    }),

  'settings say where they come from and when they take effect': (context) =>
    withDashboard(context, {}, async ({ page, open, api }) => {
      await open('#/settings');
      const { settings } = await api('/settings');
      assert.equal(await page.locator('.setting').count(), settings.length);
      const closed = settings.find((setting) => !setting.writable);
      if (closed) assert.ok(await page.getByLabel(closed.key, { exact: true }).isDisabled());
      await page.locator('#setting-search').fill('disk.limit');
      assert.equal(await page.locator('.setting:visible').count(), 1);
    }),

  'collections say why': (context) =>
    withDashboard(context, {}, async ({ page, open, api }) => {
      await open('#/collections');
      const { collections } = await api('/collections');
      assert.equal(await page.locator('main .row').count(), collections.length);
    }),

  'nothing moves sideways, from a phone to a wide screen': async (context) => {
    for (const width of [360, 768, 1024, 1920]) {
      await withDashboard(
        context,
        { items: 60, streams: 6, hostile: true },
        async ({ page, open, api }) => {
          await open();
          const { items } = await api('/items');
          for (const view of everyView(items[0])) {
            await open(view);
            const over = await page.evaluate(
              () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
            );
            assert.ok(over <= 0, `${view} at ${width}: ${over} pixels too wide`);
          }
        },
        { viewport: { width, height: 800 } },
      );
    }
  },
});

/** A length as the dashboard writes it. */
function shown(bytes) {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let [value, unit] = [bytes, 0];
  while (value >= 999.5) [value, unit] = [value / 1000, unit + 1];
  return `${value.toFixed(unit === 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2)}\u00a0${units[unit]}`;
}
