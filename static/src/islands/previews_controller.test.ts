import type { Application } from "@hotwired/stimulus";
import { afterEach, expect, test } from "vitest";
import { one, page, settled } from "../test/stimulus";
import PreviewsController from "./previews_controller";

const PAGE = `
  <form id="composer" data-controller="previews">
    ${["a", "b"].map((key) => `<button class="tab-${key}" data-previews-target="tab" data-channel="${key}" data-action="previews#show"></button>`).join("")}
    <div data-previews-target="stage">
      ${["a", "b"].map((key) => `<div class="slot-${key}" data-previews-target="slot" data-channel="${key}" ${key === "b" ? "hidden" : ""}></div>`).join("")}
      <p data-previews-target="none" hidden></p>
    </div>
    <section id="line" data-channel="b" data-action="focusin->previews#follow"><input></section>
  </form>`;

let running: Application;
afterEach(() => running.stop());

function choose(...chosen: string[]): void {
  one("form").dispatchEvent(new CustomEvent("composer:channels", { detail: { chosen } }));
}

test("one preview shows: the chosen one, or that of the channel being written for", async () => {
  running = await page(PAGE, { previews: PreviewsController });
  one(".tab-b").click();
  expect([one(".slot-a").hidden, one(".slot-b").hidden]).toEqual([true, false]);
  one(".tab-a").click();
  one("#line input").focus();
  one("#line").dispatchEvent(new FocusEvent("focusin", { bubbles: true }));
  expect(one(".slot-b").hidden).toBe(false);
  expect(one(".tab-b").getAttribute("aria-pressed")).toBe("true");
});

test("a channel that is not chosen any more gives the stage to the next, or to nobody", async () => {
  running = await page(PAGE, { previews: PreviewsController });
  choose("b");
  expect(one(".slot-b").hidden).toBe(false);
  expect(one(".tab-a").hidden).toBe(true);
  choose();
  expect(one("[data-previews-target=none]").hidden).toBe(false);
});

test("the preview of a channel that comes later waits its turn, or shows where none does", async () => {
  running = await page(PAGE, { previews: PreviewsController });
  const come = (key: string) => {
    one("form").insertAdjacentHTML("beforeend", `<button class="tab-${key}" data-previews-target="tab" data-channel="${key}"></button>`);
    one("[data-previews-target=stage]").insertAdjacentHTML("beforeend", `<div class="slot-${key}" data-previews-target="slot" data-channel="${key}"></div>`);
  };
  come("c");
  await settled();
  expect([one(".slot-a").hidden, one(".slot-c").hidden]).toEqual([false, true]);
  expect(one(".tab-c").getAttribute("aria-pressed")).toBe("false");
  choose();
  come("d");
  await settled();
  expect(one(".slot-d").hidden).toBe(false);
  expect(one("[data-previews-target=none]").hidden).toBe(true);
});
