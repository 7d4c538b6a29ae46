import { expect, it } from "vitest";
import { one, page } from "../test/stimulus";
import PasswordController from "./password_controller";

it("shows and hides what is typed", async () => {
  await page(
    `<div data-controller="password"><input type="password" data-password-target="input"><button data-password-target="toggle" data-action="password#toggle"></button></div>`,
    { password: PasswordController },
  );
  one("button").click();
  expect(one<HTMLInputElement>("input").type).toBe("text");
  expect(one("button").getAttribute("aria-pressed")).toBe("true");
  one("button").click();
  expect(one<HTMLInputElement>("input").type).toBe("password");
});
