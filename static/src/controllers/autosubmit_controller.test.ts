import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { one, page } from "../test/stimulus";
import AutosubmitController from "./autosubmit_controller";

beforeEach(() =>
  page(
    `<form data-controller="autosubmit" data-action="input->autosubmit#later change->autosubmit#now"><input name="q"><input name="kind" value=""></form>`,
    { autosubmit: AutosubmitController },
  ),
);
afterEach(() => void vi.useRealTimers());

it("sends once, a moment after the last key", () => {
  vi.useFakeTimers();
  const sent = vi.spyOn(one<HTMLFormElement>("form"), "requestSubmit").mockImplementation(() => undefined);
  for (let key = 0; key < 3; key += 1) one("input").dispatchEvent(new Event("input", { bubbles: true }));
  vi.advanceTimersByTime(249);
  expect(sent).not.toHaveBeenCalled();
  vi.advanceTimersByTime(1);
  expect(sent).toHaveBeenCalledOnce();
});

it("leaves empty fields out of the address", () => {
  const formData = new FormData();
  formData.set("q", "sour");
  formData.set("kind", "");
  one("form").dispatchEvent(Object.assign(new Event("formdata"), { formData }));
  expect([...formData.keys()]).toEqual(["q"]);
});
