import { expect, it } from "vitest";
import { exact, relative, wallTime } from "./time";

const now = new Date("2026-11-21T12:00:00Z");

it.each([
  ["2026-11-21T11:59:40Z", "just now"],
  ["2026-11-21T12:00:20Z", "in a moment"],
  ["2026-11-21T11:57:00Z", "3 minutes ago"],
  ["2026-11-21T14:10:00Z", "in 2 hours"],
  ["2026-11-20T11:00:00Z", "yesterday"],
  ["2026-11-01T11:00:00Z", "Nov 1"],
  ["2025-11-01T11:00:00Z", "Nov 1, 2025"],
])("%s reads “%s”", (at, words) => {
  expect(relative(new Date(at), now, "en", "UTC")).toBe(words);
});

it("writes the full instant in the zone that is asked for", () => {
  const at = new Date("2026-11-21T23:30:00Z");
  expect(exact(at, "en-GB", "Europe/Berlin")).toMatch(/Sun.*22 Nov 2026.*00:30/);
  expect(exact(at, "en-GB", "UTC")).toMatch(/Sat.*21 Nov 2026.*23:30/);
});

it("reads a clock in another zone, over midnight and summer time", () => {
  expect(wallTime(new Date("2026-11-21T23:30:00Z"), "Europe/Berlin")).toBe("2026-11-22T00:30:00");
  expect(wallTime(new Date("2026-07-01T12:00:00Z"), "Europe/Berlin")).toBe("2026-07-01T14:00:00");
});
