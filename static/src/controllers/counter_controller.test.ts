import { expect, it } from "vitest";
import { one, page } from "../test/stimulus";
import CounterController from "./counter_controller";

it("counts as a person does and shows when it is too much", async () => {
  await page(
    `<div data-controller="counter" data-counter-limit-value="3"><textarea data-counter-target="input" data-action="counter#count">👩‍👩‍👧‍👦é</textarea><span id="out" data-counter-target="output"></span></div>`,
    { counter: CounterController },
  );
  expect(one("#out").textContent).toBe("2 / 3");
  const input = one<HTMLTextAreaElement>("textarea");
  input.value = "abcd";
  input.dispatchEvent(new Event("input", { bubbles: true }));
  expect(one("#out").textContent).toBe("4 / 3");
  expect(input.getAttribute("aria-invalid")).toBe("true");
});
