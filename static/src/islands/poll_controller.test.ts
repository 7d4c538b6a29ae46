import type { Application } from "@hotwired/stimulus";
import { afterEach, beforeEach, expect, test } from "vitest";
import { one, page, press, settled } from "../test/stimulus";
import PollController from "./poll_controller";

const answer = (value = "") =>
  `<li data-poll-target="answer"><input name="answer" value="${value}" data-action="keydown->poll#key"><button data-action="poll#remove"></button></li>`;
const POLL = `
  <section data-controller="poll">
    <input type="checkbox" id="on" data-poll-target="on" data-action="poll#turn">
    <div id="body" data-poll-target="body" hidden><ol data-poll-target="list">${answer("Yes")}${answer("No")}</ol>
    <template data-poll-target="blank">${answer()}</template><button id="add" data-poll-target="add" data-action="poll#add"></button></div>
  </section><label data-poll-line hidden></label>`;

let running: Application;
const values = () => [...document.querySelectorAll<HTMLInputElement>("ol [name=answer]")].map((f) => f.value);

beforeEach(async () => {
  running = await page(POLL, { poll: PollController });
});
afterEach(() => running.stop());

test("turning the poll on shows its answers and each channel's say in it", () => {
  one("#on").click();
  expect(one("#body").hidden).toBe(false);
  expect(one("[data-poll-line]").hidden).toBe(false);
});

test("Enter goes to the next answer and behind the last one adds another", () => {
  one("#on").click();
  press(document.querySelectorAll("ol input")[0]!, "Enter");
  expect(document.activeElement).toBe(document.querySelectorAll("ol input")[1]);
  press(document.querySelectorAll("ol input")[1]!, "Enter");
  expect(values()).toEqual(["Yes", "No", ""]);
});

test("two answers always stay: the last two are emptied instead of removed", async () => {
  one("#add").click();
  await settled();
  document.querySelectorAll<HTMLElement>("ol button")[2]!.click();
  expect(values()).toEqual(["Yes", "No"]);
  document.querySelectorAll<HTMLElement>("ol button")[0]!.click();
  expect(values()).toEqual(["", "No"]);
});
