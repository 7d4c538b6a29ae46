import { beforeEach, expect, it, vi } from "vitest";
import { one, page, press } from "../test/stimulus";
import RowsController from "./rows_controller";

beforeEach(() =>
  page(
    `<div data-controller="rows"><table data-action="keydown->rows#key"><thead><tr><th><input type="checkbox" id="all" data-rows-target="all" data-action="rows#checkAll"></th></tr></thead><tbody>
     ${[1, 2, 3].map((id) => `<tr id="row-${id}" data-rows-target="row"><td><input type="checkbox" id="box-${id}" data-rows-target="check" data-action="click->rows#check"><a href="#" id="open-${id}" data-row-open></a></td></tr>`).join("")}
     </tbody></table><div id="bar" data-rows-target="bar"><b id="count" data-rows-target="count"></b></div></div>`,
    { rows: RowsController },
  ),
);
const active = () => document.activeElement!;
const chosen = () => [1, 2, 3].filter((id) => one<HTMLInputElement>(`#box-${id}`).checked);

it("has one row in the tab order and moves with j, k and arrows", () => {
  expect([1, 2, 3].map((id) => one(`#row-${id}`).tabIndex)).toEqual([0, -1, -1]);
  one("#row-1").focus();
  press(active(), "j");
  press(active(), "ArrowDown");
  expect(active().id).toBe("row-3");
  press(active(), "j");
  expect(active().id).toBe("row-3");
  press(active(), "k");
  expect(active().id).toBe("row-2");
});

it("selects with x, a range with Shift, and shows the bulk bar", () => {
  expect(one("#bar").hidden).toBe(true);
  one("#row-1").focus();
  press(active(), "x");
  expect(one("#count").textContent).toBe("1");
  expect(one<HTMLInputElement>("#all").indeterminate).toBe(true);
  press(active(), "End");
  press(active(), "x", { shiftKey: true });
  expect(chosen()).toEqual([1, 2, 3]);
  expect(one<HTMLInputElement>("#all").checked).toBe(true);
  expect(one("#row-2").getAttribute("aria-selected")).toBe("true");
  press(active(), "Escape");
  expect(chosen()).toEqual([]);
  expect(one("#bar").hidden).toBe(true);
});

it("opens with Enter", () => {
  const opened = vi.fn();
  one("#open-2").addEventListener("click", opened);
  press(one("#row-2"), "Enter");
  expect(opened).toHaveBeenCalledOnce();
});

it("selects all and none by the box above", () => {
  one("#all").click();
  expect(chosen()).toEqual([1, 2, 3]);
  one("#all").click();
  expect(chosen()).toEqual([]);
});
