import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../environment/browser';
import { startApi, type ApiServer } from './api-server';

describe('the documentation page, in a browser', () => {
  let api: ApiServer;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];
  const asked: string[] = [];
  beforeAll(async () => {
    [api, browser] = await Promise.all([startApi(), launchBrowser()]);
    page = await browser.newPage();
    page.on('console', (message) => {
      if (message.type() === 'error') complaints.push(message.text());
    });
    page.on('pageerror', (error) => complaints.push(error.message));
    page.on('request', (request) => asked.push(request.url()));
    await page.goto(`${api.baseUrl}/api/docs`);
    await page.locator('.opblock-tag').first().waitFor();
  });
  afterAll(async () => {
    await browser.close();
    await api.stop();
  });

  it('shows every operation there is', async () => {
    const tags = page.locator('.opblock-tag-section');
    let shown = 0;
    for (let n = 0; n < (await tags.count()); n++) {
      const tag = tags.nth(n);
      await tag.locator('.opblock-tag').click();
      await tag.locator('.opblock').first().waitFor();
      shown += await tag.locator('.opblock').count();
      await tag.locator('.opblock-tag').click();
    }
    expect(shown).toBe(api.check.operationIds.length);
  });

  it('tries an operation with the key that was typed in', async () => {
    await page.getByRole('button', { name: 'Authorize' }).first().click();
    await page.locator('.modal-ux input').fill(api.adminKey);
    await page.locator('.modal-ux').getByRole('button', { name: 'Apply credentials' }).click();
    await page.locator('.modal-ux').getByRole('button', { name: 'Close' }).last().click();
    await page.locator('#operations-tag-Campaigns').click();
    const list = page.locator('#operations-Campaigns-listCampaigns');
    await list.locator('.opblock-summary').click();
    await list.getByRole('button', { name: 'Try it out' }).click();
    await list.getByRole('button', { name: 'Execute' }).click();
    const status = list.locator('.live-responses-table .response-col_status').nth(1);
    await status.waitFor();
    expect(await status.innerText()).toMatch(/^200/);
  });

  it('asks nobody but our own server, and has nothing to complain of', () => {
    expect(asked.filter((url) => !url.startsWith(api.baseUrl) && !url.startsWith('data:'))).toEqual([]);
    expect(complaints).toEqual([]);
  });
});
