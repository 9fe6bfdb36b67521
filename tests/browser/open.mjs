// Opens a page in a headless browser; whatever it complains of or fetches is gathered.

import { chromium } from "playwright-core";

export async function launch() {
  return chromium.launch({ executablePath: process.env.CHROMIUM, args: ["--no-sandbox"] });
}

export async function open(browser, path, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1300, height: 850 }, ...options });
  page.setDefaultTimeout(20_000);
  const troubles = [];
  page.on("console", (message) => troubles.push(`console: ${message.text()}`));
  page.on("pageerror", (error) => troubles.push(`error: ${error.message}`));
  page.on("request", (request) => request.url() === `file://${path}` || troubles.push(`request: ${request.url()}`));
  await page.goto(`file://${path}`);
  return { page, troubles };
}
