import { beforeEach, expect, it } from "vitest";
import { one, page, press } from "../test/stimulus";
import SidebarController from "./sidebar_controller";

beforeEach(() =>
  page(
    `<div data-controller="sidebar" data-action="keydown.esc->sidebar#close">
       <aside data-sidebar-target="side"><a href="/first" id="first">First</a></aside>
       <button id="fold" data-sidebar-target="toggle" data-action="sidebar#fold"></button>
       <button id="open" data-sidebar-target="opener" data-action="sidebar#open"></button>
     </div>`,
    { sidebar: SidebarController },
  ),
);
const root = document.documentElement;

it("folds to icons, says so and keeps it for the next page", () => {
  one("#fold").click();
  expect(root.dataset.sidebar).toBe("collapsed");
  expect(one("#fold").getAttribute("aria-expanded")).toBe("false");
  expect(document.cookie).toContain("candy_sidebar=collapsed");
  one("#fold").click();
  expect(root.dataset.sidebar).toBeUndefined();
});

it("opens as a sheet with focus inside, and Escape gives focus back", () => {
  one("#open").click();
  expect(root.dataset.sidebarOpen).toBe("");
  expect(document.activeElement?.id).toBe("first");
  press(one("#first"), "Escape");
  expect(root.dataset.sidebarOpen).toBeUndefined();
  expect(document.activeElement?.id).toBe("open");
});
