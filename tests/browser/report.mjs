// The HTML report in a real browser: node report.mjs SMALL.html BIG.html HUGE.html [FOLDER FOR SCREENSHOTS]

import assert from "node:assert/strict";
import { accessible, launch, open } from "./open.mjs";

const [small, big, huge, folder] = process.argv.slice(2);
const browser = await launch();
const shoot = async (page, name) => folder && (await page.screenshot({ path: `${folder}/${name}.png` }));
const names = (page) => page.locator("#rows .row.process [role=rowheader]").allTextContents();
const activeName = (page) => page.locator("#rows .row[aria-selected=true] [role=rowheader]").textContent();

async function smallPage(colorScheme) {
  const { page, troubles } = await open(browser, small, { colorScheme });
  await shoot(page, `small-${colorScheme}`);
  assert.match(await page.title(), /^shop: failed$/);
  const why = await page.locator("header #why").textContent();
  assert.doesNotMatch(why, /`/);
  assert.deepEqual((await page.locator("header #why code").allTextContents()).map((name) => name.slice(0, 7)), ["test", "build", "hostile"]);
  assert.match(why, / \(\d+ %\)\. The rest are 4 shorter parts \(\d+ %\)\.$/);
  assert.equal(await page.locator("#failures-title").textContent(), "Failures (3)");
  assert.match(await page.locator("#failure-list pre").first().textContent(), /assertion failed: 1 == 2\nred text/);
  return { page, troubles };
}

async function filters(page) {
  const all = (await names(page)).length;
  await page.click("#filter-failed");
  assert.deepEqual((await names(page)).map((name) => name.replace("★ ", "")).slice(0, 1), ["test"]);
  assert.match(await page.locator("#shown").textContent(), /^2 of 13 processes shown$/);
  await page.click("#filter-failed");
  await page.fill("#search", "exit code 7");
  assert.deepEqual(await names(page), ["flaky"]);
  await page.fill("#search", "no such thing");
  assert.deepEqual(await names(page), []);
  await page.fill("#search", "");
  await page.click("#filter-resource");
  assert.equal(await page.locator("#rows .row.resource").count(), 2);
  await page.click("#filter-resource");
  assert.equal((await names(page)).length, all);
}

async function failure(page) {
  await page.locator("#failure-list button", { hasText: "test" }).first().click();
  const text = await page.locator("#details").innerText();
  for (const part of ["exit code 1", "assertion failed", "shop.yaml:", "Attempt 1 of 2", "Attempt 2 of 2", "waited for the next attempt"]) {
    assert.ok(text.includes(part), `${part} is missing in:\n${text}`);
  }
  await accessible(page);
  await page.keyboard.press("Escape");
  assert.ok(await page.locator("#details").isHidden());
}

// What a script waited for while it ran lies over its bar and is told.
async function innerWait(page) {
  await page.fill("#search", "migrate");
  const [run, wait] = await Promise.all(["run", "locks"].map((look) => page.locator(`.row.process .lane i.${look}`).first().boundingBox()));
  assert.ok(wait.x > run.x && wait.x + wait.width < run.x + run.width && wait.width > 10, JSON.stringify([run, wait]));
  await page.locator("#rows .row.process").click();
  const text = await page.locator("#details").innerText();
  assert.match(text, /0\.50 s\s+0\.10 s\s+its command waited for gpu, freed by train\[0\][\s\S]*its commands waited 4 more times/);
  await page.keyboard.press("Escape");
  await page.fill("#search", "");
}

// What a first attempt wrote is not what the process ended with.
async function retried(page) {
  await page.fill("#search", "train[0]");
  await page.locator("#rows .row.process").click();
  const text = await page.locator("#details").innerText();
  assert.match(text, /success[\s\S]*Attempt 1 of 2[\s\S]*lines of attempt 1[\s\S]*Attempt 2 of 2/);
  await page.keyboard.press("Escape");
  await page.fill("#search", "");
}

// The order is chosen and stands in the address; what failed in a moment at the end has a bar in sight.
async function orders(page) {
  const bare = async () => (await names(page)).map((name) => name.replace("★ ", ""));
  await page.selectOption("#order", "failed");
  assert.equal((await bare())[0], "test");
  assert.match((await bare())[1], /^hostile/);
  assert.match(page.url(), /#order=failed$/);
  await page.selectOption("#order", "name");
  const sorted = await bare();
  assert.deepEqual(sorted.slice(0, 2), ["build", "db"]);
  await page.reload();
  assert.deepEqual(await bare(), sorted);
  const bars = await page.locator(".lane").evaluateAll((lanes) => lanes.flatMap((lane) => [...lane.querySelectorAll(".failed")].map((bar) => [bar, lane].map((box) => box.getBoundingClientRect().toJSON()))));
  assert.ok(bars.length > 2 && bars.every(([bar, lane]) => bar.width >= 3 && bar.right <= lane.right + 0.5 && bar.left >= lane.left), JSON.stringify(bars));
  await page.selectOption("#order", "file");
}

// From the rows on without a pointer; the one that is active is in sight and told.
async function keyboard(page) {
  await page.focus("#rows");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowDown");
  assert.match(await activeName(page), /build/);
  const active = await page.getAttribute("#rows", "aria-activedescendant");
  assert.match(await page.locator(`#${active}`).innerText(), /build/);
  await page.keyboard.press("Enter");
  assert.match(await page.locator("#details h2").textContent(), /build/);
  assert.ok(await page.evaluate(() => document.activeElement.id === "details"));
  await page.keyboard.press("Escape");
  assert.ok(await page.evaluate(() => document.activeElement.id === "rows"));
  const before = await page.locator("#axis").innerText();
  await page.keyboard.press("+");
  assert.notEqual(await page.locator("#axis").innerText(), before);
  await page.keyboard.press("0");
  assert.equal(await page.locator("#axis").innerText(), before);
  await page.keyboard.press("End");
  assert.ok(await page.locator("#rows .row[aria-selected=true]").isVisible());
}

async function views(page) {
  await page.focus("#tab-timeline");
  await page.keyboard.press("ArrowRight");
  assert.equal(await page.locator("#view-graph .node.process, #view-graph .node.daemon").count(), 11);
  assert.equal(await page.locator("#view-graph .node.lock, #view-graph .node.semaphore").count(), 2);
  assert.ok((await page.locator("#view-graph path.hold.critical").count()) >= 2, "the path leads through a lock");
  assert.equal(await page.locator("#view-graph path.flow.critical").count(), 1, "the path leads through a pipe");
  await shoot(page, "small-graph");
  await accessible(page);
  await page.locator("#view-graph .node.lock").first().focus();
  await page.keyboard.press("Enter");
  assert.match(await page.locator("#details").innerText(), /Who had it/);
  await page.keyboard.press("Escape");
  await page.click("#tab-graph");
  await page.fill("#graph-search", "migrate");
  assert.equal(await page.locator("#view-graph .node.current").count(), 1);
  await page.fill("#graph-search", "");
  await page.locator("#view-graph .node", { hasText: "migrate" }).focus();
  await page.keyboard.press("Enter");
  assert.match(await page.locator("#details h2").textContent(), /migrate/);
  await page.click("#tab-path");
  assert.match(await page.locator("#view-path").innerText(), /build[\s\S]*migrate[\s\S]*test[\s\S]*the run ended/);
  await accessible(page);
  await page.click("#tab-notes");
  await accessible(page);
  assert.match(await page.locator("#view-notes").innerText(), /Warnings/);
  await page.click("#tab-timeline");
}

for (const scheme of ["light", "dark"]) {
  const { page, troubles } = await smallPage(scheme);
  await accessible(page);
  if (scheme === "light") {
    await filters(page);
    await failure(page);
    await orders(page);
    await retried(page);
    await innerWait(page);
    await keyboard(page);
    await views(page);
  } else {
    for (const tab of ["graph", "path", "notes"]) {
      await page.click(`#tab-${tab}`);
      await accessible(page);
    }
  }
  assert.equal(await page.evaluate(() => window.evil), undefined, "text of a process ran as a script");
  assert.equal(await page.locator("img").count(), 0, "text of a process became markup");
  assert.deepEqual(troubles, []);
  await page.close();
}

// On a narrow screen nothing stands out of the page, and all that can be pressed is there.
{
  const { page, troubles } = await open(browser, small, { viewport: { width: 390, height: 800 } });
  for (const tab of ["timeline", "graph", "path", "notes"]) {
    await page.click(`#tab-${tab}`);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 390, tab);
    await shoot(page, `narrow-${tab}`);
  }
  await accessible(page);
  assert.deepEqual(troubles, []);
  await page.close();
}

const { page, troubles } = await open(browser, big);
const drawn = await page.evaluate(() => performance.getEntriesByName("flowrun-drawn")[0].startTime);
await shoot(page, "big");
assert.ok((await page.locator("#rows .row").count()) < 100, "rows out of sight are elements");
await page.focus("#rows");
await page.keyboard.press("End");
assert.match(await activeName(page), /p1999/);
await page.fill("#search", "p1500");
assert.deepEqual((await names(page)).map((name) => name.replace("★ ", "")), ["p1500"]);
await page.fill("#search", "");
const redrawn = await page.evaluate(async () => {
  const rows = document.getElementById("rows");
  const start = performance.now();
  for (let turn = 0; turn < 20; turn += 1) {
    rows.scrollTop = turn * 2000;
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
  return (performance.now() - start) / 20;
});
await page.click("#tab-graph");
assert.equal(await page.locator("#view-graph .node").count(), 2000);
await shoot(page, "big-graph");
await page.fill("#graph-search", "p1500");
assert.match(await page.locator("#view-graph .node.current").textContent(), /p1500/);
await page.waitForFunction(() => {
  const { x, y, width, height } = document.querySelector("#view-graph .node.current").getBoundingClientRect();
  return height > 40 && x > 0 && x + width < innerWidth && y > 0 && y + height < innerHeight;
});
await shoot(page, "big-graph-found");
const moved = await page.evaluate(async () => {
  const board = document.querySelector(".board");
  const start = performance.now();
  for (let turn = 0; turn < 20; turn += 1) {
    board.dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight" }));
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  }
  return (performance.now() - start) / 40;
});
await page.click("#tab-path");
assert.equal(await page.locator("#view-path tbody tr").count(), 1, "small pieces of one process are one line");
const folded = page.locator("#view-path summary");
assert.equal(await folded.textContent(), "worked on 42 items");
await folded.press("Enter");
assert.match(await page.locator("#view-path li").nth(1).innerText(), /^1 ms: ran for 1 ms$/);
await accessible(page);
assert.deepEqual(troubles, []);
console.log(`2,000 processes: drawn ${Math.round(drawn)} ms after opening; a jump by 71 rows takes ${redrawn.toFixed(1)} ms, a step of the graph ${moved.toFixed(1)} ms`);

const { page: large, troubles: none } = await open(browser, huge);
await large.click("#tab-graph");
assert.match(await large.locator("#view-graph").innerText(), /^6,000 nodes are more than .* flowrun graph --format svg --run REPORT draws it/);
assert.equal(await large.locator("#view-graph svg").count(), 0);
assert.deepEqual(none, []);
await browser.close();
