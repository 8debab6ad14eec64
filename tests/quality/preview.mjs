// Use the preview as an editor does, in a real browser. Usage: node preview.mjs ADDRESS NEWSROOM FOLDER [PICTURES]
import axe from "axe-core";
import fs from "node:fs";
import path from "node:path";
import { chromium } from "playwright-core";

const [address, newsroom, folder, pictures] = process.argv.slice(2);
const failures = [];
let checks = 0;
function expect(holds, what) {
  checks += 1;
  if (!holds) failures.push(what);
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"],
});

async function open(scheme = "light") {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 }, colorScheme: scheme });
  // The machine has no network: every picture is this one.
  await page.route(/^https:/, (route) =>
    route.fulfill({ contentType: "image/svg+xml", body: fs.readFileSync(path.join(import.meta.dirname, "ferry.svg")) }),
  );
  page.on("console", (message) => expect(!/Content Security Policy(?!.*img-src 'none')/s.test(message.text()), `policy: ${message.text()}`));
  page.on("pageerror", (error) => expect(false, `script: ${error.message}`));
  await page.goto(address);
  return page;
}

const mail = (page) => page.frame({ url: /\/mail\?/ });
const pressed = (page, group) => page.locator(`nav [aria-label="${group}"] a[aria-current]`).innerText();
async function press(page, group, name) {
  const loaded = page.waitForEvent("load");
  await page.locator(`nav [aria-label="${group}"] a`, { hasText: new RegExp(`^${name}$`) }).click();
  await loaded;
  expect((await pressed(page, group)) === name, `${group}: ${name} is not marked as chosen`);
}
// axe cannot reach into the frame: it is looked at by itself.
async function accessible(where, what) {
  if (!(await where.evaluate(() => "axe" in window))) await where.evaluate(axe.source);
  const { violations } = await where.evaluate(() =>
    window.axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"], iframes: false }),
  );
  expect(violations.length === 0, `${what}: ${violations.map((v) => `${v.id} (${v.nodes[0].html.slice(0, 90)})`).join("; ")}`);
}
const style = (frame, selector, property) =>
  frame.locator(selector).first().evaluate((element, name) => getComputedStyle(element)[name], property);

try {
  const page = await open();

  for (const width of ["320", "375", "1000", "600"]) {
    await press(page, "Width", width);
    const box = await page.locator("iframe").boundingBox();
    expect(Math.round(box.width) === Number(width), `width ${width}: the frame is ${box.width} wide`);
    const overflow = await mail(page).evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow <= 0, `width ${width}: the mail is ${overflow} px too wide`);
  }

  const light = await style(mail(page), ".card", "backgroundColor");
  await press(page, "Colours", "dark");
  const dark = await style(mail(page), ".card", "backgroundColor");
  expect(light === "rgb(255, 255, 255)" && dark !== light, `dark: the card is ${dark}, was ${light}`);
  await page.screenshot({ path: path.join(folder, "preview-dark.png") });
  await press(page, "Colours", "light");

  const drawn = () => mail(page).evaluate(() => [...document.images].filter((image) => image.naturalWidth > 0).length);
  expect((await drawn()) > 0, "images on: none is drawn");
  await press(page, "Images", "off");
  await page.waitForTimeout(300);
  expect((await drawn()) === 0, "images off: one is drawn");
  await press(page, "Images", "on");

  const sheets = () => mail(page).evaluate(() => document.styleSheets.length);
  expect((await sheets()) > 0, "as sent: no style sheet");
  await press(page, "Program", "no style sheets");
  expect((await sheets()) === 0, "no style sheets: one is left");
  await press(page, "Program", "Outlook");
  const rounded = await mail(page).evaluate(() => [...document.querySelectorAll("*")].some((e) => parseFloat(getComputedStyle(e).borderTopLeftRadius) > 0));
  expect(!rounded, "Outlook: a corner is round");
  await press(page, "Program", "as sent");

  expect((await style(mail(page), "body > *", "direction")) === "ltr", "en: not left to right");
  await press(page, "Language", "ar");
  expect((await style(mail(page), "body > *", "direction")) === "rtl", "ar: not right to left");
  expect((await mail(page).locator("body").innerText()).includes("إلغاء الاشتراك"), "ar: its words are not there");
  await page.screenshot({ path: path.join(folder, "preview-ar.png") });
  await press(page, "Colours", "dark");
  for (const width of ["320", "600"]) {
    await press(page, "Width", width);
    await accessible(page, `preview, ar, dark, ${width}`);
    const frame = mail(page);
    if (width === "320") {
      // In its frame no script runs, axe's neither: what stands there is looked at on a page of its own.
      const shown = await browser.newPage({ viewport: { width: 320, height: 800 } });
      await shown.setContent(await frame.content(), { waitUntil: "domcontentloaded" });
      await accessible(shown, "preview, ar, dark, the mail in it");
      await shown.close();
    }
    expect((await style(frame, "body > *", "direction")) === "rtl", `ar, dark, ${width}: not right to left`);
    expect((await style(frame, ".card", "backgroundColor")) === dark, `ar, dark, ${width}: the mail is not dark`);
    const overflow = await frame.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow <= 0, `ar, dark, ${width}: the mail is ${overflow} px too wide`);
  }
  await press(page, "Colours", "light");
  await press(page, "Language", "en");

  const shown = (id) => page.locator(`#${id}`).innerText();
  const before = await shown("headers");
  await press(page, "Reader", "a long name");
  expect((await shown("headers")) !== before, "reader: the headers did not change");
  expect((await shown("text")).length > 200 && (await shown("size")).includes("bytes of HTML"), "text or size is missing");
  await page.goto(address);

  const link = page.locator("#findings li a[href*=story]").first();
  if (await link.count()) {
    await link.click();
    await page.waitForLoadState("load");
    expect((await mail(page).locator("#here").count()) === 1, "a finding's link does not lead to its story");
    await page.goto(address);
  } else {
    expect(false, "there is no finding of a story to follow");
  }

  for (const scheme of ["light", "dark"]) {
    const other = await open(scheme);
    await accessible(other, `preview, ${scheme}`);
    if (pictures && scheme === "light") await other.screenshot({ path: path.join(pictures, "preview.png") });
    await other.close();
  }

  // Saved, seen: the fastest of five, so that a busy machine is not what is measured.
  const own = path.join(newsroom, "templates");
  fs.mkdirSync(own, { recursive: true });
  const took = [];
  for (let round = 0; round < 5; round += 1) {
    const word = `Fresh words ${round}`;
    const source = `{% extends "bundled/alert.mjml.j2" %}\n{% block body %}\n<mj-section><mj-column><mj-text><h1>${word}</h1></mj-text></mj-column></mj-section>\n{{ super() }}{% endblock %}\n`;
    const seen = page.waitForEvent("domcontentloaded", { timeout: 5000 });
    const started = performance.now();
    fs.writeFileSync(path.join(own, "alert.mjml.j2"), source);
    await seen;
    took.push(performance.now() - started);
    await page.waitForTimeout(400);
    expect((await mail(page).locator("body").innerText()).includes(word), `reload ${round}: the new words are not there`);
  }
  const best = Math.min(...took);
  console.log(`preview: a saved template shows after ${best.toFixed(0)} ms (${took.map((t) => t.toFixed(0)).join(", ")})`);
  // 100 ms on a machine that does nothing else; `make bench-templating` measures our share of it.
  expect(best < 500, `preview: a saved template shows only after ${best.toFixed(0)} ms`);

  fs.writeFileSync(path.join(own, "alert.mjml.j2"), "{% if %}");
  await page.waitForSelector("#error", { timeout: 5000 });
  expect((await shown("error")).includes("alert.mjml.j2:1"), "a broken template is not named with its line");
  fs.rmSync(own, { recursive: true });
  await page.waitForSelector("#inbox", { timeout: 5000 });
  expect(true, "mended");
} finally {
  await browser.close();
}

console.log(`preview: ${checks} checks, ${failures.length} failures`);
for (const failure of failures) console.error(`  ${failure}`);
process.exitCode = failures.length ? 1 : 0;
