import htmx from "htmx.org";
import { beforeAll, expect, it, vi } from "vitest";
import { startHtmx, wordsFor } from "./htmx";

beforeAll(() => startHtmx());

function toast(act: () => void): Record<string, string> | undefined {
  const heard = vi.fn();
  const listen = (event: Event) => heard((event as CustomEvent).detail);
  document.addEventListener("candy:toast", listen);
  act();
  document.removeEventListener("candy:toast", listen);
  return heard.mock.calls[0]?.[0];
}
const answer = (status: number, words: string | null) =>
  document.dispatchEvent(
    new CustomEvent("htmx:responseError", { detail: { xhr: { status, getResponseHeader: () => words } } }),
  );

it("never evaluates text, never writes inline styles, keeps nothing in the browser", () => {
  expect(htmx.config.allowEval).toBe(false);
  expect(htmx.config.includeIndicatorStyles).toBe(false);
  expect(htmx.config.historyCacheSize).toBe(0);
});

it("swaps a form that comes back with 422 and nothing else that failed", () => {
  const rule = (code: string) => htmx.config.responseHandling.find((each) => new RegExp(String(each.code)).test(code));
  expect(rule("422")?.swap).toBe(true);
  expect(rule("500")?.swap).toBe(false);
  expect(rule("200")?.swap).toBe(true);
});

it("sends the page's CSRF token", () => {
  document.body.dataset.csrf = "from-the-page";
  const headers: Record<string, string> = {};
  document.dispatchEvent(new CustomEvent("htmx:configRequest", { detail: { headers } }));
  expect(headers["X-CSRFToken"]).toBe("from-the-page");
  delete document.body.dataset.csrf;
});

it("says the server's own words", () => {
  expect(toast(() => answer(409, encodeURIComponent("Ünique")))).toEqual({ level: "danger", message: "Ünique" });
});

it("has words of its own where the server has none", () => {
  expect(toast(() => answer(403, null))?.message).toBe(wordsFor(403));
  expect(toast(() => document.dispatchEvent(new CustomEvent("htmx:sendError")))?.message).toBe(wordsFor(0));
});
