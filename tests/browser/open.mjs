// Opens a page in a headless browser; whatever it complains of or fetches is gathered.

import assert from "node:assert/strict";
import axe from "axe-core";
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

// Asks axe-core for all that it knows of WCAG 2 (A, AA) and of good practice, and looks at the contrast of texts in
// pictures, which it does not: with the shape that they stand in, else with the paper.
export async function accessible(page) {
  await page.evaluate(axe.source);
  const found = await page.evaluate(async () => {
    const { violations } = await axe.run(document);
    return violations.map((one) => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.html.slice(0, 200)).join(" ")}`);
  });
  const poor = await page.evaluate(() => {
    const parse = (text) => text.match(/[\d.]+/g)?.map(Number);
    const light = (color) => color.slice(0, 3).map((c) => ((c /= 255) <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)).reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const paper = document.querySelector(".board .paper");
    const all = [...document.querySelectorAll(".board text, .board tspan")].filter((node) => node.getClientRects().length > 0);
    return all.flatMap((node) => {
      const shape = node.closest(".node")?.querySelector(".shape");
      const fill = (of) => parse(getComputedStyle(of).fill);
      const behind = (shape && fill(shape)) || fill(paper);
      const [a, b] = [light(fill(node)), light(behind)].sort((x, y) => y - x);
      return (a + 0.05) / (b + 0.05) < 4.5 ? [`${node.textContent} ${a} ${b}`] : [];
    });
  });
  assert.deepEqual([...found, ...poor], []);
}
