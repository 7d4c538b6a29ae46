import { beforeEach, expect, it, vi } from "vitest";
import { one, page, press } from "../test/stimulus";
import CommandBarController from "./command_bar_controller";

beforeEach(async () => {
  await page(
    `<dialog id="command-bar" data-controller="command-bar"><input id="input" data-command-bar-target="input" data-action="keydown->command-bar#key">
     <div id="list" data-command-bar-target="list"></div><div id="panel" data-command-bar-target="panel"></div></dialog>`,
    { "command-bar": CommandBarController },
  );
  Element.prototype.scrollIntoView = vi.fn();
});
const bar = () => one<HTMLDialogElement>("#command-bar");
function arrive(): void {
  one("#list").innerHTML = ["home", "calendar", "write"].map((id) => `<a role="option" id="${id}" href="#"></a>`).join("");
  one("#list").dispatchEvent(new CustomEvent("htmx:afterSwap"));
}

it("opens and closes with Ctrl-K and Cmd-K and asks for the list", () => {
  const asked = vi.fn();
  one("#input").addEventListener("candy:search", asked);
  press(document.body, "k", { ctrlKey: true });
  expect(bar().open).toBe(true);
  expect(asked).toHaveBeenCalledOnce();
  press(document.body, "k", { metaKey: true });
  expect(bar().open).toBe(false);
});

it("points at one line at a time and follows it with Enter", () => {
  press(document.body, "k", { ctrlKey: true });
  arrive();
  expect(one("#input").getAttribute("aria-activedescendant")).toBe("home");
  press(one("#input"), "ArrowDown");
  expect(one("#input").getAttribute("aria-activedescendant")).toBe("calendar");
  expect(one("#calendar").getAttribute("aria-selected")).toBe("true");
  press(one("#input"), "ArrowUp");
  press(one("#input"), "ArrowUp");
  const followed = vi.fn((event: Event) => event.preventDefault());
  one("#write").addEventListener("click", followed);
  press(one("#input"), "Enter");
  expect(followed).toHaveBeenCalledOnce();
});

it("forgets a form when it closes", () => {
  press(document.body, "k", { ctrlKey: true });
  one("#panel").innerHTML = "<form></form>";
  bar().close();
  expect(one("#panel").childElementCount).toBe(0);
});
