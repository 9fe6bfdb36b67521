// The page of `flowrun graph --format html` in a real browser: node graph.mjs GRAPH.html [FOLDER FOR SCREENSHOTS]

import assert from "node:assert/strict";
import { accessible, launch, open } from "./open.mjs";

const [path, folder] = process.argv.slice(2);
const browser = await launch();
for (const colorScheme of ["light", "dark"]) {
  const { page, troubles } = await open(browser, path, { colorScheme });
  const place = () => page.locator(".sheet").evaluate((sheet) => sheet.style.transform);
  if (folder) await page.screenshot({ path: `${folder}/graph-${colorScheme}.png` });
  assert.equal(await page.locator(".node").count(), 5);
  await accessible(page);
  assert.match(await page.locator(".node.bad").textContent(), /test.*✗ failed/s);
  const paper = await page.locator(".paper").evaluate((node) => getComputedStyle(node).fill);
  assert.equal(paper, colorScheme === "dark" ? "rgb(20, 24, 29)" : "rgb(255, 255, 255)", "the style of the picture is not allowed");

  assert.equal(await page.evaluate(() => document.querySelector("#board text").getScreenCTM().a >= 0.95), true, "it can be read");
  await page.fill("#graph-search", "build");
  assert.equal(await page.locator("#graph-found").textContent(), "1 of 1 found");
  assert.equal(await page.locator(".node.current").getAttribute("data-name"), "build");
  await page.fill("#graph-search", "");

  // Into the graph and along its edges without a pointer.
  const focused = () => page.evaluate(() => document.activeElement.dataset.name);
  await page.focus("#board");
  await page.keyboard.press("Tab");
  assert.equal(await focused(), "build", "what was found last is entered");
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), "test");
  assert.ok((await page.locator("path.near").count()) >= 3, "its edges stand out");
  await page.keyboard.press("ArrowRight");
  assert.ok(["tidy", "table"].includes(await focused()));
  await page.keyboard.press("ArrowLeft");
  assert.equal(await focused(), "test");
  await page.keyboard.press("Escape");

  const changes = async (act, what) => {
    const before = await place();
    await act();
    await page.waitForFunction((old) => document.querySelector(".sheet").style.transform !== old, before).catch(() => assert.fail(what));
  };
  for (const key of ["+", "ArrowRight", "-", "0"]) await changes(() => page.keyboard.press(key), key);
  await changes(() => page.click("#graph-in"), "a button");
  await changes(() => page.click("#graph-actual"), "100 %");
  assert.equal(await page.locator("#graph-actual").textContent(), "100 %");
  await page.keyboard.press("+");
  const { x, y } = await page.locator("#board").boundingBox();
  await page.mouse.move(x + 300, y + 300);
  await page.mouse.down();
  await changes(() => page.mouse.move(x + 350, y + 320, { steps: 3 }), "dragging");
  await page.mouse.up();
  await changes(() => page.mouse.wheel(0, -200), "the wheel");
  assert.equal(await page.evaluate(() => window.evil), undefined);
  assert.deepEqual(troubles, []);
  await page.close();
}
await browser.close();
