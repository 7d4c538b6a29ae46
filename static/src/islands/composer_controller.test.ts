import type { Application } from "@hotwired/stimulus";
import { afterEach, expect, test, vi } from "vitest";
import { one, page, settled } from "../test/stimulus";
import UseTextController from "../controllers/use_text_controller";
import ComposerController from "./composer_controller";

const FORM = `
  <form id="composer" data-controller="composer" data-composer-own-url-value="/own/00000000-0000-0000-0000-000000000000/" data-action="input->composer#changed change->composer#changed htmx:beforeRequest->composer#saving htmx:afterRequest->composer#saved">
    <input type="checkbox" name="channel" value="a" data-composer-target="channel" checked>
    <input type="checkbox" name="channel" value="b" data-composer-target="channel">
    <input type="checkbox" name="channel" value="c" data-composer-target="channel">
    <p role="status" data-composer-target="said"></p>
    <textarea id="text" name="text" data-composer-target="main">Hello</textarea>
    <section id="line-c" data-composer-target="line" data-channel="c" data-late aria-label="Cakes" hidden></section>
    <template data-composer-target="wait">
      <p class="line-wait-words" id="opening">Opening</p>
      <p class="line-wait-words" id="lost" data-composer-lost hidden>Lost <button type="button" id="again" data-action="composer#again"></button></p>
    </template>
    ${["a", "b"]
      .map(
        (key) => `
      <section data-composer-target="line" data-channel="${key}" ${key === "b" ? "hidden" : ""}>
        <input type="checkbox" name="custom-${key}" data-composer-target="custom" data-channel="${key}">
        <div data-composer-target="own" data-channel="${key}" hidden></div>
        <fieldset data-composer-target="formats">
          <label><input type="radio" name="format-${key}" value="" checked></label>
          <label data-format="post"><input type="radio" name="format-${key}" value="post"></label>
          <label data-format="reel"><input type="radio" name="format-${key}" value="reel"></label>
        </fieldset>
        <div id="brand-${key}" data-composer-target="option" data-formats="reel" data-only-if="ad"><input name="option-${key}-brand" value="Mine"></div>
        <div id="deal-${key}" data-composer-target="option" data-name="deal" data-only-if="ad"><input type="checkbox" name="option-${key}-deal" value="1"></div>
        <div id="who-${key}" data-composer-target="option" data-only-if="deal"><input name="option-${key}-who" value=""></div>
        <div data-composer-target="option"><input type="checkbox" name="option-${key}-ad" value="1"></div>
        <div id="status-${key}" data-composer-target="status" data-channel="${key}" data-formats="post reel" data-format="reel"></div>
      </section>`,
      )
      .join("")}
  </form>
  <dialog><button id="use" data-controller="use-text" data-use-text-channel-value="b" data-use-text-text-value="Taken" data-action="use-text#take"></button></dialog>`;

const controllers = { composer: ComposerController, "use-text": UseTextController };

let running: Application;

afterEach(() => running.stop());

function type(selector: string, value: string): void {
  const field = one<HTMLTextAreaElement>(selector);
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
}

function tick(selector: string, checked: boolean): void {
  const box = one<HTMLInputElement>(selector);
  box.checked = checked;
  for (const name of ["input", "change"]) box.dispatchEvent(new Event(name, { bubbles: true }));
}

function answers(html: string, ok = true): void {
  vi.stubGlobal("fetch", vi.fn(async () => ({ ok, text: async () => html, headers: new Headers() })));
}

test("a channel's line shows while the channel is chosen", async () => {
  running = await page(FORM, controllers);
  tick("[value=b]", true);
  expect(one("section[data-channel=b]").hidden).toBe(false);
  tick("[value=a]", false);
  expect(one("section[data-channel=a]").hidden).toBe(true);
});

test("a channel's own version comes from the server once and survives being switched off", async () => {
  answers('<textarea id="text-a" name="text-a">Hello</textarea>');
  running = await page(FORM, controllers);
  tick("[name=custom-a]", true);
  await vi.waitFor(() => one("#text-a"));
  type("#text-a", "Only here");
  tick("[name=custom-a]", false);
  expect(one("[data-composer-target=own][data-channel=a]").hidden).toBe(true);
  tick("[name=custom-a]", true);
  expect(one<HTMLTextAreaElement>("#text-a").value).toBe("Only here");
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(vi.mocked(fetch).mock.calls[0]?.[0]).toBe("/own/a/");
});

test("an own version that cannot be opened leaves the switch off", async () => {
  answers("", false);
  running = await page(FORM, controllers);
  tick("[name=custom-a]", true);
  await vi.waitFor(() => expect(one<HTMLInputElement>("[name=custom-a]").checked).toBe(false));
});

test("what depends on the kind of post and on another choice shows when both say so", async () => {
  running = await page(FORM, controllers);
  expect(one("#brand-a").hidden).toBe(true);
  tick("[name=option-a-ad]", true);
  expect(one("#brand-a").hidden).toBe(false);
  one("#status-a").outerHTML =
    '<div id="status-a" data-composer-target="status" data-channel="a" data-formats="post" data-format="post"></div>';
  await settled();
  expect(one("#brand-a").hidden).toBe(true);
  expect(one<HTMLInputElement>("[name=option-a-brand]").value).toBe("Mine");
});

test("only the kinds of post that the files allow are offered, and the chosen one stays in sight", async () => {
  running = await page(FORM, controllers);
  tick("section[data-channel=a] [value=reel]", true);
  one("#status-a").outerHTML =
    '<div id="status-a" data-composer-target="status" data-channel="a" data-formats="" data-format=""></div>';
  await settled();
  expect(one("section[data-channel=a] [data-format=post]").hidden).toBe(true);
  expect(one("section[data-channel=a] [data-format=reel]").hidden).toBe(false);
});

test("typing saves once, a moment after the last key", async () => {
  running = await page(FORM, controllers);
  let saves = 0;
  one("#composer").addEventListener("composer:save", () => saves++);
  type("#text", "a");
  type("#text", "ab");
  expect(saves).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(saves).toBe(1);
});

test("a candidate becomes the channel's own text where several are chosen", async () => {
  answers('<textarea id="text-b" name="text-b">Hello</textarea>');
  running = await page(FORM, controllers);
  tick("[value=b]", true);
  one("#use").click();
  await vi.waitFor(() => expect(one<HTMLTextAreaElement>("#text-b").value).toBe("Taken"));
  expect(one<HTMLInputElement>("[name=custom-b]").checked).toBe(true);
  expect(one<HTMLTextAreaElement>("#text").value).toBe("Hello");
});

test("what hangs on a hidden choice is hidden with it", async () => {
  running = await page(FORM, controllers);
  tick("[name=option-a-ad]", true);
  tick("[name=option-a-deal]", true);
  expect(one("#who-a").hidden).toBe(false);
  tick("[name=option-a-ad]", false);
  expect(one("#deal-a").hidden).toBe(true);
  expect(one("#who-a").hidden).toBe(true);
});

const COME = `
  <section id="line-c" data-composer-target="line" data-channel="c" aria-label="Cakes">
    <input type="hidden" name="drawn" value="c"><input id="title-c" name="title-c"><label data-poll-line></label>
  </section>`;

function saves(): () => number {
  let count = 0;
  one("#composer").addEventListener("composer:save", () => count++);
  return () => count;
}

test("a channel chosen for the first time says that it is opening, and one save brings its fields", async () => {
  running = await page(FORM, controllers);
  const saved = saves();
  const box = one<HTMLInputElement>("[value=c]");
  box.focus();
  tick("[value=c]", true);
  expect(one("#line-c").hidden).toBe(false);
  expect(one("#opening").hidden).toBe(false);
  expect(one("#lost").hidden).toBe(true);
  expect(saved()).toBe(1);

  one("#line-c").outerHTML = COME;
  await settled();
  expect(one("#line-c").hidden).toBe(false);
  expect(one("[data-poll-line]").hidden).toBe(true);
  expect(one("[role=status]").textContent).toBe("Cakes: its fields are below.");
  expect(document.activeElement).toBe(box);
  await new Promise((resolve) => setTimeout(resolve, 800));
  expect(saved()).toBe(1);
});

test("what was typed for a channel is there when it is chosen again, without another opening", async () => {
  running = await page(FORM, controllers);
  tick("[value=c]", true);
  one("#line-c").outerHTML = COME;
  await settled();
  type("#title-c", "Rhubarb");
  tick("[value=c]", false);
  expect(one("#line-c").hidden).toBe(true);
  const saved = saves();
  tick("[value=c]", true);
  expect(one<HTMLInputElement>("#title-c").value).toBe("Rhubarb");
  expect(saved()).toBe(0);
});

test("fields that come when the channel is not chosen any more stay hidden", async () => {
  running = await page(FORM, controllers);
  tick("[value=c]", true);
  tick("[value=c]", false);
  one("#line-c").outerHTML = COME;
  await settled();
  expect(one("#line-c").hidden).toBe(true);
});

test("fields that could not be opened can be asked for again", async () => {
  running = await page(FORM, controllers);
  tick("[value=c]", true);
  one("#composer").dispatchEvent(new CustomEvent("htmx:afterRequest", { detail: { successful: false, failed: false } }));
  expect(one("#lost").hidden).toBe(false);
  expect(one("#opening").hidden).toBe(true);
  const saved = saves();
  await settled();
  one("#again").click();
  expect(one("#lost").hidden).toBe(true);
  expect(saved()).toBe(1);
});

function leaves(): boolean {
  return window.dispatchEvent(new Event("beforeunload", { cancelable: true }));
}

function htmxSays(name: string, detail: Record<string, unknown> = {}, from = "#composer"): void {
  one(from).dispatchEvent(new CustomEvent(`htmx:${name}`, { bubbles: true, detail }));
}

test("typing is saved once, not again when the field is left", async () => {
  running = await page(FORM, controllers);
  const saves = vi.fn();
  one("#composer").addEventListener("composer:save", saves);
  vi.useFakeTimers();
  type("#text", "Hello there");
  vi.advanceTimersByTime(1_000);
  one("#text").dispatchEvent(new Event("change", { bubbles: true }));
  vi.advanceTimersByTime(1_000);
  vi.useRealTimers();
  expect(saves).toHaveBeenCalledOnce();
});

test("publishing takes the whole form with it: no save beside it, and the page may be left", async () => {
  const bar = '<button type="button" id="now" data-composer-target="send"></button></form>';
  running = await page(FORM.replace("</form>", bar), controllers);
  const saves = vi.fn();
  one("#composer").addEventListener("composer:save", saves);
  vi.useFakeTimers();
  type("#text", "Hello there");
  expect(leaves()).toBe(false);
  htmxSays("beforeRequest", {}, "#now");
  vi.advanceTimersByTime(1_000);
  vi.useRealTimers();
  expect(saves).not.toHaveBeenCalled();
  expect(leaves()).toBe(true);
  htmxSays("afterRequest", { successful: true, failed: false, xhr: { status: 422 } }, "#now");
  expect(leaves(), "it was refused; what was typed may not be stored").toBe(false);
});

test("a refused save is not taken for a save", async () => {
  running = await page(FORM, controllers);
  htmxSays("beforeRequest");
  expect(leaves()).toBe(true);
  htmxSays("afterRequest", { successful: true, failed: false, xhr: { status: 422 } });
  expect(leaves()).toBe(false);
});
