import { expect, it, vi } from "vitest";
import { one, page } from "../test/stimulus";
import CopyController from "./copy_controller";

async function copying(html: string, write: () => Promise<void>): Promise<{ write: ReturnType<typeof vi.fn>; said: ReturnType<typeof vi.fn> }> {
  const spy = vi.fn(write);
  vi.stubGlobal("navigator", { clipboard: { writeText: spy } });
  const said = vi.fn();
  document.addEventListener("candy:toast", (event) => said((event as CustomEvent).detail.level), { once: true });
  await page(html, { copy: CopyController });
  one("button").click();
  await vi.waitFor(() => expect(said).toHaveBeenCalled());
  vi.unstubAllGlobals();
  return { write: spy, said };
}

it("copies what a field holds and says so", async () => {
  const { write, said } = await copying(
    `<div data-controller="copy"><input value="candy_key" data-copy-target="source"><button data-action="copy#copy"></button></div>`,
    async () => undefined,
  );
  expect(write).toHaveBeenCalledWith("candy_key");
  expect(said).toHaveBeenCalledWith("success");
});

it("says so when the browser refuses", async () => {
  const { said } = await copying(
    `<div data-controller="copy" data-copy-text-value="x"><button data-action="copy#copy"></button></div>`,
    async () => Promise.reject(new Error("no")),
  );
  expect(said).toHaveBeenCalledWith("warning");
});
