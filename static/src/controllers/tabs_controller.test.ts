import { beforeEach, expect, it } from "vitest";
import { one, page, press } from "../test/stimulus";
import TabsController from "./tabs_controller";

beforeEach(() =>
  page(
    `<div data-controller="tabs">
       ${["one", "two", "three"].map((name) => `<button role="tab" id="tab-${name}" aria-controls="${name}" data-tabs-target="tab" data-action="tabs#choose keydown->tabs#move"></button>`).join("")}
       ${["one", "two", "three"].map((name) => `<div id="${name}" data-tabs-target="panel"></div>`).join("")}
     </div>`,
    { tabs: TabsController },
  ),
);
const shown = () => ["one", "two", "three"].filter((name) => !one(`#${name}`).hidden);

it("shows the first tab and only its panel", () => {
  expect(shown()).toEqual(["one"]);
  expect(one("#tab-two").tabIndex).toBe(-1);
});

it("follows clicks and keeps the tab in the address", () => {
  one("#tab-two").click();
  expect(shown()).toEqual(["two"]);
  expect(one("#tab-two").getAttribute("aria-selected")).toBe("true");
  expect(location.hash).toBe("#two");
  history.replaceState(null, "", location.pathname);
});

it("moves around with arrows", () => {
  one("#tab-one").focus();
  press(one("#tab-one"), "ArrowLeft");
  expect(shown()).toEqual(["three"]);
  expect(document.activeElement?.id).toBe("tab-three");
  press(one("#tab-three"), "Home");
  expect(shown()).toEqual(["one"]);
});
