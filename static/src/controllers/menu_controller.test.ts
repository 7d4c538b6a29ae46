import { beforeEach, expect, it } from "vitest";
import { one, page, press } from "../test/stimulus";
import MenuController from "./menu_controller";

beforeEach(() =>
  page(
    `<div data-controller="menu" data-action="keydown->menu#move">
       <button id="button" data-menu-target="button" data-action="menu#toggle"></button>
       <div data-menu-target="panel" id="panel"><a href="#" id="edit">Edit</a><a href="#" id="copy">Copy</a><button id="delete">Delete</button></div>
     </div><p id="outside"></p>`,
    { menu: MenuController },
  ),
);
const panel = () => one("#panel");
const active = () => document.activeElement as HTMLElement;

it("starts closed, opens with focus on its first line", () => {
  expect(panel().hidden).toBe(true);
  one("#button").click();
  expect(panel().hidden).toBe(false);
  expect(one("#button").getAttribute("aria-expanded")).toBe("true");
  expect(active().id).toBe("edit");
});

it("moves with arrows, Home, End and the first letter", () => {
  one("#button").click();
  press(active(), "ArrowDown");
  expect(active().id).toBe("copy");
  press(active(), "End");
  expect(active().id).toBe("delete");
  press(active(), "ArrowDown");
  expect(active().id).toBe("edit");
  press(active(), "d");
  expect(active().id).toBe("delete");
});

it("closes by Escape and gives focus back", () => {
  one("#button").click();
  press(active(), "Escape");
  expect(panel().hidden).toBe(true);
  expect(active().id).toBe("button");
});

it("closes by a click outside, not by one inside", () => {
  one("#button").click();
  one("#copy").dispatchEvent(new Event("pointerdown", { bubbles: true }));
  expect(panel().hidden).toBe(false);
  one("#outside").dispatchEvent(new Event("pointerdown", { bubbles: true }));
  expect(panel().hidden).toBe(true);
});
