import { beforeEach, expect, it, vi } from "vitest";
import { one, page, press } from "../test/stimulus";
import ShortcutsController from "./shortcuts_controller";

const went = vi.fn((event: Event) => event.preventDefault());

beforeEach(async () => {
  went.mockClear();
  await page(
    `<div id="body" data-controller="shortcuts" data-action="keydown->shortcuts#key"><a href="#" id="home" data-shortcut="g h"></a><a href="#" id="post" data-shortcut="c"></a><input id="field"><p id="text" tabindex="0"></p></div>`,
    { shortcuts: ShortcutsController },
  );
  for (const id of ["home", "post"]) one(`#${id}`).addEventListener("click", went);
});

it("goes somewhere with g and a letter", () => {
  press(one("#text"), "h");
  expect(went).not.toHaveBeenCalled();
  press(one("#text"), "g");
  press(one("#text"), "h");
  expect(went).toHaveBeenCalledOnce();
});

it("starts something with one letter, but not while typing", () => {
  press(one("#field"), "c");
  expect(went).not.toHaveBeenCalled();
  press(one("#text"), "c");
  expect(went).toHaveBeenCalledOnce();
});

it("leaves the browser's own keys alone", () => {
  press(one("#text"), "c", { ctrlKey: true });
  expect(went).not.toHaveBeenCalled();
});

it("opens the command bar with a slash", () => {
  const opened = vi.fn();
  document.addEventListener("candy:command", opened, { once: true });
  press(one("#text"), "/");
  expect(opened).toHaveBeenCalledOnce();
});
