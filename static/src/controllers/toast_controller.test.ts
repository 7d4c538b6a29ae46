import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { say } from "../lib/toast";
import { one, page, settled } from "../test/stimulus";
import ToastController from "./toast_controller";

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
  await page(
    `<div data-controller="toast"><div data-toast-target="stack" id="stack"></div>
     <template data-toast-target="template"><div data-toast-target="item"><p data-toast-text></p><a data-toast-link hidden></a><button data-action="toast#close"></button></div></template></div>`,
    { toast: ToastController },
  );
});
afterEach(() => void vi.useRealTimers());
const items = () => document.querySelectorAll("#stack > *");

it("shows words as text, never as markup", () => {
  say({ message: "<img src=x>" });
  expect(one("[data-toast-text]").textContent).toBe("<img src=x>");
  expect(document.querySelector("#stack img")).toBeNull();
});

it("goes by itself, but an error stays until it is closed", async () => {
  say({ message: "Saved", level: "success" });
  say({ message: "Broken", level: "danger" });
  await settled();
  expect(items()).toHaveLength(2);
  await vi.advanceTimersByTimeAsync(6500);
  expect(items()).toHaveLength(1);
  expect(one("#stack > *").getAttribute("role")).toBe("alert");
  one("#stack button").click();
  await vi.advanceTimersByTimeAsync(300);
  expect(items()).toHaveLength(0);
});

it("says the same thing once", () => {
  say({ message: "Offline", level: "danger" });
  say({ message: "Offline", level: "danger" });
  expect(items()).toHaveLength(1);
});

it("offers the way on", () => {
  say({ message: "Moved", action: { label: "See it", href: "/there" } });
  expect(one<HTMLAnchorElement>("[data-toast-link]").hidden).toBe(false);
  expect(one("[data-toast-link]").getAttribute("href")).toBe("/there");
});
