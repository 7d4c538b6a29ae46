import { beforeEach, expect, it } from "vitest";
import { one, page } from "../test/stimulus";
import DrawerController from "./drawer_controller";

beforeEach(() =>
  page(
    `<dialog id="drawer" data-controller="drawer" data-action="click->drawer#outside"><div id="drawer-content" data-drawer-target="content"></div></dialog>`,
    { drawer: DrawerController },
  ),
);
const drawer = () => one<HTMLDialogElement>("#drawer");
function fill(html: string): void {
  one("#drawer-content").innerHTML = html;
  one("#drawer-content").dispatchEvent(new CustomEvent("htmx:afterSwap", { bubbles: true }));
}

it("opens when its content arrives, with that content's address", () => {
  const before = location.href;
  fill('<header data-drawer-url="/w/acme/posts/1">Post</header>');
  expect(drawer().open).toBe(true);
  expect(location.pathname).toBe("/w/acme/posts/1");
  drawer().close();
  expect(location.href).toBe(before);
  expect(one("#drawer-content").childElementCount).toBe(0);
});

it("closes when the answer is empty", () => {
  fill("<p>Something</p>");
  fill("");
  expect(drawer().open).toBe(false);
});
