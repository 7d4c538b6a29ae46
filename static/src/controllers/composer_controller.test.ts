import type { Application } from "@hotwired/stimulus";
import { afterEach, expect, test } from "vitest";
import { one, page, settled } from "../test/stimulus";
import ComposerController from "./composer_controller";
import UseTextController from "./use_text_controller";

const FORM = `
  <form id="composer" data-controller="composer" data-action="input->composer#changed change->composer#changed">
    <input type="checkbox" name="channel" value="a" data-composer-target="channel" checked>
    <input type="checkbox" name="channel" value="b" data-composer-target="channel">
    <textarea id="text" name="text" data-composer-target="main">Hello</textarea>
    <div data-composer-target="images"><label data-composer-target="add"></label></div>
    ${["a", "b"]
      .map(
        (key) => `
      <section data-composer-target="line" data-channel="${key}" ${key === "b" ? "hidden" : ""}>
        <input type="checkbox" name="custom-${key}" data-composer-target="custom" data-channel="${key}">
        <div data-composer-target="own" data-channel="${key}" hidden><textarea id="text-${key}" name="text-${key}"></textarea></div>
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
  box.dispatchEvent(new Event("change", { bubbles: true }));
}

test("a channel's line shows while the channel is chosen", async () => {
  running = await page(FORM, controllers);
  tick("[value=b]", true);
  expect(one("section[data-channel=b]").hidden).toBe(false);
  tick("[value=a]", false);
  expect(one("section[data-channel=a]").hidden).toBe(true);
});

test("a channel follows the common text until it has its own", async () => {
  running = await page(FORM, controllers);
  type("#text", "One for all");
  expect(one<HTMLTextAreaElement>("#text-a").value).toBe("One for all");
  tick("[name=custom-a]", true);
  expect(one("[data-composer-target=own][data-channel=a]").hidden).toBe(false);
  type("#text", "Changed");
  expect(one<HTMLTextAreaElement>("#text-a").value).toBe("One for all");
  expect(one<HTMLTextAreaElement>("#text-b").value).toBe("Changed");
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
  running = await page(FORM, controllers);
  tick("[value=b]", true);
  one("#use").click();
  await settled();
  expect(one<HTMLTextAreaElement>("#text-b").value).toBe("Taken");
  expect(one<HTMLInputElement>("[name=custom-b]").checked).toBe(true);
  expect(one<HTMLTextAreaElement>("#text").value).toBe("Hello");
});
