import type { Application } from "@hotwired/stimulus";
import { afterEach, beforeEach, expect, test } from "vitest";
import { one, page, press } from "../test/stimulus";
import FocusController from "./focus_controller";

const FORM = `
  <form data-controller="focus" data-focus-width-value="1000" data-focus-height-value="500">
    <svg data-focus-target="picture"><path data-focus-target="veil"></path>
      <rect id="box" x="250" y="0" width="500" height="500" tabindex="0" data-focus-target="box" data-action="keydown->focus#key"></rect></svg>
    ${["x", "y", "width", "height"].map((name) => `<input type="hidden" name="${name}" data-focus-target="value">`).join("")}
  </form>`;

let running: Application;
const values = () =>
  Object.fromEntries([...document.querySelectorAll("input")].map((field) => [field.name, Number(field.value)]));

beforeEach(async () => {
  running = await page(FORM, { focus: FocusController });
});
afterEach(() => running.stop());

test("the fields are fractions of the picture from the start", () => {
  expect(values()).toEqual({ x: 0.25, y: 0, width: 0.5, height: 1 });
});

test("arrows move the box and stop at the edge", () => {
  press(one("#box"), "ArrowLeft");
  expect(values().x).toBeCloseTo(0.23);
  for (let n = 0; n < 10; n += 1) press(one("#box"), "ArrowLeft", { shiftKey: true });
  expect(values().x).toBe(0);
});

test("plus and minus change its size around the middle, never to nothing", () => {
  press(one("#box"), "-");
  expect(values().width).toBeCloseTo(0.49);
  expect((values().x ?? 0) + (values().width ?? 0) / 2).toBeCloseTo(0.5);
  for (let n = 0; n < 60; n += 1) press(one("#box"), "-", { shiftKey: true });
  expect(values().width).toBeGreaterThanOrEqual(0.05);
});

test("other keys are left alone", () => {
  expect(press(one("#box"), "Tab").defaultPrevented).toBe(false);
});
