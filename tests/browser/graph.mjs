// The page of `flowrun graph --format html` in a real browser: node graph.mjs GRAPH.html [FOLDER FOR SCREENSHOTS]

import assert from "node:assert/strict";
import { launch, open } from "./open.mjs";

const [path, folder] = process.argv.slice(2);
const browser = await launch();
for (const colorScheme of ["light", "dark"]) {
  const { page, troubles } = await open(browser, path, { colorScheme });
  const viewBox = () => page.locator("#board svg").getAttribute("viewBox");
  if (folder) await page.screenshot({ path: `${folder}/graph-${colorScheme}.png` });
  assert.equal(await page.locator(".node").count(), 5);
  assert.match(await page.locator(".node.bad").textContent(), /test.*✗ failed/s);
  const paper = await page.locator(".paper").evaluate((node) => getComputedStyle(node).fill);
  assert.equal(paper, colorScheme === "dark" ? "rgb(20, 24, 29)" : "rgb(255, 255, 255)", "the style of the picture is not allowed");

  await page.fill("#search", "build");
  assert.equal(await page.locator("#found").textContent(), "1 of 5 found");
  const whole = await viewBox();
  await page.keyboard.press("Enter");
  assert.equal(await page.locator(".node.current").getAttribute("data-name"), "build");
  assert.notEqual(await viewBox(), whole);

  await page.focus("#board");
  for (const key of ["+", "ArrowRight", "-", "0"]) {
    const before = await viewBox();
    await page.keyboard.press(key);
    assert.notEqual(await viewBox(), before, key);
  }
  const { x, y } = await page.locator("#board").boundingBox();
  const before = await viewBox();
  await page.mouse.move(x + 300, y + 300);
  await page.mouse.down();
  await page.mouse.move(x + 350, y + 320, { steps: 3 });
  await page.mouse.up();
  const dragged = await viewBox();
  assert.notEqual(dragged, before, "dragging moves");
  await page.mouse.wheel(0, -200);
  await page.waitForFunction((old) => document.querySelector("#board svg").getAttribute("viewBox") !== old, dragged);
  assert.equal(await page.evaluate(() => window.evil), undefined);
  assert.deepEqual(troubles, []);
  await page.close();
}
await browser.close();
