import { beforeEach, expect, it } from "vitest";
import { one, page } from "../test/stimulus";
import ThemeController from "./theme_controller";

beforeEach(() =>
  page(
    `<div data-controller="theme">${["system", "light", "dark"]
      .map((name) => `<button data-theme-target="choice" data-action="theme#choose" data-theme-choice-param="${name}"></button>`)
      .join("")}</div>`,
    { theme: ThemeController },
  ),
);
const button = (name: string) => one(`[data-theme-choice-param=${name}]`);

it("changes the page at once, marks the choice and keeps it for the server", () => {
  button("dark").click();
  expect(document.documentElement.dataset.theme).toBe("candy-dark");
  expect(button("dark").getAttribute("aria-pressed")).toBe("true");
  expect(button("light").getAttribute("aria-pressed")).toBe("false");
  expect(document.cookie).toContain("candy_theme=dark");
});

it("follows the device again", () => {
  button("light").click();
  button("system").click();
  expect(document.documentElement.dataset.theme).toBeUndefined();
  expect(document.cookie).toContain("candy_theme=system");
});
