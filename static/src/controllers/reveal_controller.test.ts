import { expect, it, vi } from "vitest";
import { one, page } from "../test/stimulus";
import RevealController from "./reveal_controller";

it("scrolls the current tab into the middle", async () => {
  const sizes: Record<string, number> = { offsetLeft: 500, offsetWidth: 100, clientWidth: 300 };
  for (const [name, value] of Object.entries(sizes)) {
    vi.spyOn(HTMLElement.prototype, name as "offsetLeft", "get").mockReturnValue(value);
  }
  await page(`<nav data-controller="reveal"><a>One</a><a aria-current="page">Two</a></nav>`, { reveal: RevealController });
  expect(one("nav").scrollLeft).toBe(400);
});

it("leaves a row without a current tab alone", async () => {
  await page(`<nav data-controller="reveal"><a>One</a></nav>`, { reveal: RevealController });
  expect(one("nav").scrollLeft).toBe(0);
});
