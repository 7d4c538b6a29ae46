import type { Application } from "@hotwired/stimulus";
import { afterEach, beforeEach, expect, test } from "vitest";
import { one, page } from "../test/stimulus";
import TrayController from "./tray_controller";

const tile = (key: string) => `
  <li id="${key}" data-tray-target="tile"><input type="hidden" name="media" value="${key}">
    <button class="earlier" data-action="tray#earlier"></button><button class="later" data-action="tray#later"></button>
    <button class="gone" data-action="tray#remove"></button>
    <input class="alt" name="alt-${key}" data-action="tray#describe"></li>`;
const PAGE = `
  <form id="composer">
    <div id="tray" data-controller="tray" data-tray-name-value="media"><textarea></textarea>
      <input type="file" data-tray-target="input"><p data-tray-target="busy" hidden></p>
      <ul data-tray-target="list">${tile("a")}${tile("b")}</ul></div>
    <input id="same" name="alt-a">
  </form>`;

let running: Application;
let changes = 0;
const order = () => [...document.querySelectorAll<HTMLInputElement>("[name=media]")].map((field) => field.value);

beforeEach(async () => {
  changes = 0;
  running = await page(PAGE, { tray: TrayController });
  one("#tray").addEventListener("tray:changed", () => changes++);
});
afterEach(() => running.stop());

test("files change places with buttons, and the order in the page is the order sent", () => {
  one("#b .earlier").click();
  expect(order()).toEqual(["b", "a"]);
  one("#b .earlier").click();
  expect(order()).toEqual(["b", "a"]);
  one("#b .later").click();
  expect(order()).toEqual(["a", "b"]);
  expect(changes).toBe(2);
});

test("a file that is taken away leaves the focus in the tray", () => {
  one("#a .gone").click();
  expect(order()).toEqual(["b"]);
  expect(one("#tray").contains(document.activeElement)).toBe(true);
});

test("a file has one description wherever it stands", () => {
  const field = one<HTMLInputElement>("#a .alt");
  field.value = "A tart";
  field.dispatchEvent(new Event("input", { bubbles: true }));
  expect(one<HTMLInputElement>("#same").value).toBe("A tart");
});
