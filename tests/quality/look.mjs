// Look at the sample mails as readers will: official MJML, a real browser, axe-core. Usage: node look.mjs FOLDER [PICTURES]
import axe from "axe-core";
import fs from "node:fs";
import mjml2html from "mjml";
import path from "node:path";
import { chromium } from "playwright-core";

const [folder, pictures] = process.argv.slice(2);
const here = import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname);
const read = (name) => fs.readFileSync(path.join(folder, name), "utf8");
const written = (ending) =>
  fs.readdirSync(folder).filter((name) => name.endsWith(ending)).map((name) => name.slice(0, -ending.length)).sort();
const names = written(".html");
const templates = written(".mjml");
const PICTURE = fs.readFileSync(path.join(here, "ferry.svg"));
const WIDTHS = [320, 600];
const SCHEMES = ["light", "dark"];
const WCAG = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"];

const failures = [];
let checks = 0;
let looks = 0;
function expect(holds, what) {
  checks += 1;
  if (!holds) failures.push(what);
}

// --- in the page: rules of e-mail that axe does not know ---
function emailRules(rtl) {
  const wrong = [];
  const visible = (element) => element.getClientRects().length > 0 && getComputedStyle(element).visibility !== "hidden";
  const rule = (holds, what) => holds || wrong.push(what);
  for (const element of [document.documentElement, ...document.body.children]) {
    rule(element.lang, `<${element.localName}> has no lang`);
    rule(element.dir, `<${element.localName}> has no dir`);
  }
  rule(document.title.trim(), "no title");
  for (const table of document.querySelectorAll("table")) rule(table.getAttribute("role"), "a table has no role");
  for (const image of document.images) rule(image.hasAttribute("alt"), "an image has no alt");
  const levels = [...document.querySelectorAll("h1,h2,h3,h4,h5,h6")].map((heading) => Number(heading.localName[1]));
  rule(levels.filter((level) => level === 1).length === 1, "not exactly one h1");
  levels.forEach((level, index) => rule(index === 0 || level <= levels[index - 1] + 1, "a heading level is skipped"));
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const style = getComputedStyle(node.parentElement);
    if (!node.data.trim() || !visible(node.parentElement) || style.display === "none") continue;
    rule(parseFloat(style.fontSize) >= 14, `text under 14 px: ${node.data.trim().slice(0, 30)}`);
    rule(style.textAlign !== "justify", "justified text");
    if (rtl) rule(style.direction === "rtl" || node.parentElement.closest("[dir=ltr],[dir=auto]"), `left to right: ${node.data.slice(0, 30)}`);
  }
  return [...new Set(wrong)];
}

// --- what programs make of a mail: alerts/templating/simulation.py took away what they drop, here it is looked at ---
const PROGRAMS = ["as sent", "no-style", "no-dark-media", "outlook", "images off"];

async function open(browser, { width, scheme = "light", images = true, scale = 1 }) {
  const context = await browser.newContext({
    viewport: { width: across(width), height: 800 },
    colorScheme: scheme,
    deviceScaleFactor: scale,
  });
  await context.route(/^https?:/, (route) =>
    images && route.request().resourceType() === "image"
      ? route.fulfill({ contentType: "image/svg+xml", body: PICTURE })
      : route.abort(),
  );
  return context.newPage();
}
const across = (width) => (width === 600 ? 680 : width);

async function accessible(page, what) {
  if (!(await page.evaluate(() => "axe" in window))) await page.evaluate(axe.source);
  const { violations } = await page.evaluate((tags) => window.axe.run(document, { runOnly: tags, resultTypes: ["violations"] }), WCAG);
  expect(violations.length === 0, `${what}: ${violations.map((v) => `${v.id} (${v.nodes[0].html.slice(0, 90)})`).join("; ")}`);
}

const shownText = (page) => page.evaluate(() => document.body.innerText.replace(/\s+/g, " ").trim().toLowerCase());

async function mail(browser, name) {
  const sent = read(`${name}.html`);
  let reference;
  for (const program of PROGRAMS) {
    const html = program in { "as sent": 1, "images off": 1 } ? sent : read(`${name}.seen.${program}`);
    const page = await open(browser, { width: 320, images: program !== "images off" });
    await page.setContent(html, { waitUntil: "load" });
    // Outlook for Windows is no phone: its branches of the markup are 600 pixels wide.
    for (const width of program === "outlook" ? [600] : WIDTHS) {
      await page.setViewportSize({ width: across(width), height: 800 });
      for (const scheme of SCHEMES) {
        await page.emulateMedia({ colorScheme: scheme });
        const what = `${name}, ${program}, ${width}, ${scheme}`;
        looks += 1;
        const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(overflow <= 0, `${what}: ${overflow} px too wide`);
        await accessible(page, what);
        const text = await shownText(page);
        reference ??= text;
        expect(text === reference, `${what}: the visible text differs`);
        if (program === "as sent") {
          const wrong = await page.evaluate(emailRules, html.includes('dir="rtl"'));
          expect(wrong.length === 0, `${what}: ${wrong.join("; ")}`);
          await page.screenshot({ path: path.join(folder, `${name}-${width}-${scheme}.png`), fullPage: true });
        }
        if (program === "no-dark-media") {
          const ground = await page.evaluate(() => getComputedStyle(document.querySelector(".card")).backgroundColor);
          expect(ground === "rgb(255, 255, 255)", `${what}: it is dark all the same (${ground})`);
        }
      }
    }
    await page.context().close();
  }
}

// mrml, which we send with, must agree with MJML, whose documentation a newsroom reads.
async function sameAsOfficial(browser, name) {
  let official;
  try {
    official = await mjml2html(read(`${name}.mjml`), { validationLevel: "strict", fonts: {} });
  } catch (error) {
    return expect(false, `${name}: official MJML: ${error.message}`);
  }
  expect(official.errors.length === 0, `${name}: official MJML: ${official.errors.map((e) => e.formattedMessage).join("; ")}`);
  const page = await open(browser, { width: 320 });
  const drawn = [];
  for (const html of [read(`${name}.mrml`), official.html]) {
    await page.setContent(html, { waitUntil: "load" });
    const pictures = [];
    for (const width of WIDTHS) {
      await page.setViewportSize({ width: across(width), height: 800 });
      pictures.push(await page.screenshot({ fullPage: true }));
    }
    drawn.push(pictures);
  }
  await page.context().close();
  WIDTHS.forEach((width, index) =>
    expect(drawn[0][index].equals(drawn[1][index]), `${name}, ${width}: mrml and MJML draw different pixels`),
  );
}

async function previewPage(browser, name) {
  const page = await open(browser, { width: 1300 });
  const complaints = [];
  page.on("console", (message) => complaints.push(message.text()));
  await page.setContent(read(`${name}.preview`), { waitUntil: "load" });
  await page.setViewportSize({ width: 1300, height: 5000 });
  for (const scheme of SCHEMES) {
    await page.emulateMedia({ colorScheme: scheme });
    await accessible(page, `preview of ${name}, ${scheme}`);
  }
  await page.emulateMedia({ colorScheme: "light" });
  const frames = page.frames().slice(1);
  expect(frames.length === 4, `preview of ${name}: ${frames.length} frames`);
  const background = (frame) => frame.locator(".card").first().evaluate((e) => getComputedStyle(e).backgroundColor);
  for (const [index, frame] of frames.entries()) {
    const dark = index >= 2;
    // The editor's own scheme is light: the dark frames must be dark all the same.
    expect((await background(frame)) === (dark ? "rgb(27, 28, 30)" : "rgb(255, 255, 255)"), `preview of ${name}: frame ${index}`);
    expect((await frame.locator("h1").count()) === 1, `preview of ${name}: frame ${index} shows no headline`);
    const { direction, overflow } = await frame.evaluate(() => ({
      direction: getComputedStyle(document.querySelector("h1")).direction,
      overflow: document.documentElement.scrollWidth - innerWidth,
    }));
    expect(direction === (name === "arabic" ? "rtl" : "ltr"), `preview of ${name}: frame ${index} reads ${direction}`);
    expect(overflow <= 0, `preview of ${name}: frame ${index} is ${overflow} px too wide`);
  }
  expect(!complaints.some((text) => text.includes("Content Security Policy")), `preview of ${name}: its own policy stops it`);
  await page.screenshot({ path: path.join(folder, `preview-${name}.png`), fullPage: true });
  await page.context().close();
}

const browser = await chromium.launch({
  executablePath: process.env.CHROMIUM || "/usr/bin/chromium",
  args: ["--no-sandbox", "--disable-dev-shm-usage", "--font-render-hinting=none"],
});
// A few pages at a time: whoever waits for one lets the others be drawn.
const tasks = [
  ...names.map((name) => () => mail(browser, name)),
  ...templates.map((name) => () => sameAsOfficial(browser, name)),
  ...["alert", "digest", "arabic"].map((name) => () => previewPage(browser, name)),
];
async function worker() {
  for (let task = tasks.shift(); task; task = tasks.shift()) await task();
}

try {
  await Promise.all(Array.from({ length: 3 }, worker));
  if (pictures) {
    for (const [name, width, scheme] of [["alert", 600, "light"], ["alert", 320, "dark"], ["digest", 600, "light"], ["arabic", 320, "light"]]) {
      const page = await open(browser, { width, scheme });
      await page.setContent(read(`${name}.html`), { waitUntil: "load" });
      const { width: wide, height } = await page.evaluate(() => document.body.getBoundingClientRect());
      // The README shows the top of a long mail.
      const clip = { x: 0, y: 0, width: wide, height: Math.min(height, 1250) };
      await page.screenshot({ path: path.join(pictures, `${name}-${width}-${scheme}.png`), fullPage: true, clip });
      await page.context().close();
    }
  }
} finally {
  await browser.close();
}

console.log(`${names.length} mails looked at in ${looks} ways, ${templates.length} against official MJML; ${checks} checks, ${failures.length} failures; pictures in ${folder}`);
for (const failure of failures) console.error(`  ${failure}`);
process.exitCode = failures.length ? 1 : 0;
