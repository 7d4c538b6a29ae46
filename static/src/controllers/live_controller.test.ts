import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { CandyEvent } from "../lib/live";
import { one, page } from "../test/stimulus";
import LiveController from "./live_controller";

let live: LiveController;
const happened = (kind: string, sequence = 1): CandyEvent => ({
  sequence, kind, subject: null, summary: "", data: {}, at: "2026-11-21T12:00:00Z",
});

beforeEach(async () => {
  const application = await page(
    `<div id="body" data-controller="live"><p id="posts" data-live-kinds="post.*"></p><p id="jobs" data-live-kinds="job.dead"></p></div>`,
    { live: LiveController },
  );
  live = application.getControllerForElementAndIdentifier(one("#body"), "live") as LiveController;
  vi.useFakeTimers();
});
afterEach(() => void vi.useRealTimers());

it("tells the page of every event", () => {
  const heard = vi.fn();
  document.addEventListener("candy:event", heard, { once: true });
  live.arrived(happened("post.failed"));
  expect((heard.mock.calls[0]![0] as CustomEvent<CandyEvent>).detail.kind).toBe("post.failed");
});

it("refreshes only the fragments that listen to the kind, once for several events", () => {
  const posts = vi.fn();
  const jobs = vi.fn();
  one("#posts").addEventListener("candy:refresh", posts);
  one("#jobs").addEventListener("candy:refresh", jobs);
  live.arrived(happened("post.scheduled", 1));
  live.arrived(happened("post.published", 2));
  vi.advanceTimersByTime(200);
  expect(posts).toHaveBeenCalledOnce();
  expect(jobs).not.toHaveBeenCalled();
});
