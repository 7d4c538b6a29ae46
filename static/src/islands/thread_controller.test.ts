import type { Application } from "@hotwired/stimulus";
import { afterEach, beforeEach, expect, test } from "vitest";
import { one, page, press, settled } from "../test/stimulus";
import ThreadController from "./thread_controller";

const part = (key: string) => `
  <div data-thread-target="part" data-key="${key}">
    <input type="hidden" name="thread" value="${key}"><span data-thread-target="number"></span>
    <button class="up" data-action="thread#up"></button><button class="down" data-action="thread#down"></button>
    <button class="gone" data-action="thread#remove"></button>
    <textarea name="part-all-${key}" id="part-all-${key}"></textarea>
  </div>`;
const SHEET = `
  <div id="sheet" data-controller="thread" data-action="keydown->thread#key">
    <textarea id="text"></textarea>${part("p1")}${part("p2")}
    <template data-thread-target="blank">${part("KEY")}</template>
    <div data-thread-target="end"><button id="add" data-action="thread#add"></button></div>
    <p data-thread-target="said"></p>
  </div>`;

let running: Application;
let changes = 0;
const order = () => [...document.querySelectorAll<HTMLInputElement>("#sheet > div [name=thread]")].map((f) => f.value);

beforeEach(async () => {
  changes = 0;
  running = await page(SHEET, { thread: ThreadController });
  one("#sheet").addEventListener("thread:changed", () => changes++);
});
afterEach(() => running.stop());

test("a new part has names of its own and the focus", async () => {
  one("#add").click();
  await settled();
  expect(order()).toEqual(["p1", "p2", "p3"]);
  expect(document.activeElement).toBe(one("#part-all-p3"));
  expect(changes).toBe(1);
});

test("a part that was removed leaves its name to no other that is there", async () => {
  one("[data-key=p1] .gone").click();
  one("#add").click();
  await settled();
  expect(order()).toEqual(["p2", "p3"]);
});

test("buttons and Alt with an arrow change the order and say so", async () => {
  one("[data-key=p2] .up").click();
  expect(order()).toEqual(["p2", "p1"]);
  expect(one("[data-thread-target=said]").textContent).toBe("Now part 2.");
  press(one("#part-all-p2"), "ArrowDown", { altKey: true });
  expect(order()).toEqual(["p1", "p2"]);
  one("[data-key=p2] .down").click();
  expect(order()).toEqual(["p1", "p2"]);
  expect(changes).toBe(2);
});

test("Ctrl Enter adds a part right behind the one that is written", async () => {
  press(one("#part-all-p1"), "Enter", { ctrlKey: true });
  await settled();
  expect(order()).toEqual(["p1", "p3", "p2"]);
});
