// axe-core finds nothing serious, in any view, in either colour scheme, in states too.

import { input } from '../chromium.mjs';
import { accessible, everyView, isMock, steps, withDashboard } from './support.mjs';

const everywhere = (colorScheme, viewport) => (context) =>
  withDashboard(
    context,
    { items: 120, streams: 9 },
    async ({ page, open, api }) => {
      await open();
      const { items } = await api('/items');
      for (const view of everyView(items.at(-1))) {
        await open(view);
        await page.waitForTimeout(200);
        await accessible(page, `${view} ${colorScheme} ${viewport.width}`);
      }
    },
    { colorScheme, viewport },
  );

/** States that only a mock comes into. */
const states = (colorScheme) => async (context) => {
  if (!isMock) return;
  await withDashboard(
    context,
    { items: 0, streams: 0 },
    async ({ page, open }) => {
      for (const view of [
        '#/overview',
        '#/items',
        '#/streams',
        '#/sites',
        '#/sharing',
        '#/collections',
        '#/item/bittorrent/dead000000000000000000000000000000000001',
      ]) {
        await open(view);
        await accessible(page, `empty ${view} ${colorScheme}`);
      }
    },
    { colorScheme },
  );
  await withDashboard(
    context,
    { items: 30, tick: 100 },
    async ({ page, open, agent }) => {
      await open('#/items');
      await page
        .getByRole('button', { name: /^Remove/ })
        .first()
        .click();
      await page.locator('#paste').fill('nonsense');
      await page.keyboard.press('Enter');
      await page.locator('#open-problem').waitFor();
      await accessible(page, `notices ${colorScheme}`);
      await open('#/sharing');
      for (const path of ['/a', '/vanish']) {
        await page.locator('#paths').fill(path);
        await page.locator('.share-form').getByRole('button', { name: 'Share' }).click();
        await page
          .locator('article')
          .filter({ hasText: path })
          .getByText(/Shared|Failed/)
          .waitFor();
      }
      await accessible(page, `shared ${colorScheme}`);
      await open('#/collections');
      await page.getByRole('button', { name: 'Make room' }).click();
      await accessible(page, `dialog ${colorScheme}`);
      await page.keyboard.press('Escape');
      await open('#/settings');
      await page.getByLabel('disk.limit', { exact: true }).fill('a lot');
      await page.getByRole('button', { name: 'Save' }).click();
      await page.locator('main [role=alert]').getByText('is not a size').waitFor();
      await accessible(page, `refused setting ${colorScheme}`);
      const item = agent.items.at(-1);
      await open(`#/item/${item.protocol}/${item.id}`);
      await page.getByRole('button', { name: /^Show/ }).first().click();
      await accessible(page, `player ${colorScheme}`);
      agent.fail('GET /usage', { times: 9 });
      await open('#/sites');
      await page.getByText('This could not be read').waitFor();
      await accessible(page, `failed ${colorScheme}`);
      await agent.stop();
      await page.locator('#lost').waitFor();
      await accessible(page, `lost ${colorScheme}`);
      await agent.again();
    },
    { colorScheme },
  );
};

const wide = { width: 1280, height: 900 };
const phone = { width: 360, height: 740 };
for (const colours of input.colours ? [input.colours] : ['light', 'dark']) {
  await steps({
    [`every view, ${colours}`]: everywhere(colours, wide),
    [`every view on a phone, ${colours}`]: everywhere(colours, phone),
    [`states, ${colours}`]: states(colours),
  });
}
