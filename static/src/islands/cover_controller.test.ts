import { afterEach, expect, test, vi } from "vitest";
import { leavePage, one, page } from "../test/stimulus";
import CoverController from "./cover_controller";

const FORM = `
  <div data-controller="cover">
    <video data-cover-target="video" data-action="timeupdate->cover#played loadedmetadata->cover#known error->cover#broken"></video>
    <p id="wait" data-cover-target="wait" hidden>In the making</p>
    <input type="range" id="at" min="0" max="1000" step="100" value="0" data-cover-target="range" data-action="input->cover#scrub">
    <output id="words" data-cover-target="words"></output>
  </div>`;

afterEach(() => vi.useRealTimers());

async function opened(): Promise<{ video: HTMLVideoElement; range: HTMLInputElement }> {
  await page(FORM, { cover: CoverController });
  const video = one<HTMLVideoElement>("video");
  // happy-dom plays nothing: these are what the controller reads and calls.
  Object.defineProperty(video, "duration", { value: 93.5, configurable: true });
  Object.defineProperty(video, "paused", { value: true, writable: true, configurable: true });
  Object.defineProperty(video, "currentTime", { value: 0, writable: true, configurable: true });
  video.pause = vi.fn();
  video.load = vi.fn();
  return { video, range: one<HTMLInputElement>("#at") };
}

test("the slider shows its moment in the player, in words and to readers", async () => {
  const { video, range } = await opened();
  range.max = "93500";
  range.value = "61400";
  range.dispatchEvent(new Event("input", { bubbles: true }));
  expect(video.pause).toHaveBeenCalled();
  expect(video.currentTime).toBe(61.4);
  expect(one("#words").textContent).toBe("1:01.4");
  expect(range.getAttribute("aria-valuetext")).toBe("1:01.4");
});

test("a video that plays takes the slider along, one that is scrubbed does not", async () => {
  const { video, range } = await opened();
  range.max = "93500";
  video.currentTime = 12;
  video.dispatchEvent(new Event("timeupdate"));
  expect(range.value).toBe("0");
  Object.assign(video, { paused: false });
  video.dispatchEvent(new Event("timeupdate"));
  expect(range.value).toBe("12000");
  expect(one("#words").textContent).toBe("0:12.0");
});

test("the slider is as long as the video once that is known", async () => {
  const { video, range } = await opened();
  video.dispatchEvent(new Event("loadedmetadata"));
  expect(range.max).toBe("93500");
  expect(one("#wait").hidden).toBe(true);
});

test("a video that cannot be played yet says so and is asked for again until the page is left", async () => {
  const { video } = await opened();
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  video.dispatchEvent(new Event("error"));
  expect(one("#wait").hidden).toBe(false);
  vi.advanceTimersByTime(4_100);
  expect(video.load).toHaveBeenCalledTimes(1);
  video.dispatchEvent(new Event("error"));
  leavePage();
  vi.advanceTimersByTime(4_100);
  expect(video.load).toHaveBeenCalledTimes(1);
});

test("a player without a slider plays on", async () => {
  await page(FORM.replace(/<input type="range"[^>]*>/, ""), { cover: CoverController });
  one("video").dispatchEvent(new Event("loadedmetadata"));
  one("video").dispatchEvent(new Event("timeupdate"));
  expect(one("#words").textContent).toBe("");
});
