import { afterEach, expect, it, vi } from "vitest";
import { one, page } from "../test/stimulus";
import RelativeTimeController from "./relative_time_controller";

afterEach(() => void vi.useRealTimers());

it("keeps the words true and names both zones on hover", async () => {
  vi.useFakeTimers({ now: new Date("2026-11-21T12:00:00Z"), toFake: ["Date", "setInterval", "clearInterval"] });
  document.documentElement.dataset.zone = "Europe/Berlin";
  await page(
    `<time datetime="2026-11-21T11:55:00Z" data-controller="relative-time" data-relative-time-zone-value="America/New_York"></time>`,
    { "relative-time": RelativeTimeController },
  );
  expect(one("time").textContent).toBe("5 minutes ago");
  expect(one("time").title.split("\n")).toHaveLength(2);
  expect(one("time").title).toMatch(/12:55/);
  vi.setSystemTime(new Date("2026-11-21T12:05:00Z"));
  vi.advanceTimersByTime(60_000);
  expect(one("time").textContent).toMatch(/1[01] minutes ago/);
});

it("leaves what it cannot read as the server wrote it", async () => {
  await page(`<time datetime="soon" data-controller="relative-time">soon</time>`, { "relative-time": RelativeTimeController });
  expect(one("time").textContent).toBe("soon");
});
