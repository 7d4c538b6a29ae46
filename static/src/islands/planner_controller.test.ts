import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { leavePage, one, page } from "../test/stimulus";
import PlannerController from "./planner_controller";

const fetched = vi.fn();

const PLANNER = `<div data-controller="planner" data-planner-feed-value="/w/acme/calendar/feed" data-planner-date-value="2026-11-20"><h2 data-planner-target="title"></h2>
     <button data-planner-target="view" data-planner-view-param="month"></button><button id="week" data-planner-target="view" data-planner-view-param="week" data-action="planner#show"></button><template data-mark="mastodon"><svg class="network-mark" aria-hidden="true"></svg></template><div data-planner-target="canvas"></div></div>`;
const POST = { id: "1", title: "Sour spring", start: "2026-11-20T09:00:00Z", state: "scheduled", network: "mastodon", channel: "Maren on Mastodon", note: "Maren on Mastodon, Scheduled" };
const answer = (): Response => new Response(JSON.stringify([POST]));
const isSeen = (): boolean => !one("[data-planner-target=canvas]").classList.contains("planner-waiting");
const grid = (): Element | null => document.querySelector(".fc-daygrid");

async function open(): Promise<void> {
  leavePage();
  await page(PLANNER, { planner: PlannerController });
  await vi.waitFor(() => expect(grid()).not.toBeNull());
}

beforeEach(async () => {
  document.documentElement.dataset.zone = "UTC";
  fetched.mockReset().mockResolvedValue(answer());
  vi.stubGlobal("fetch", fetched);
  await open();
});

afterEach(() => void vi.useRealTimers());

it("is seen with its first posts in it, so that no day grows under the reader", async () => {
  let arrive = (_: Response): void => undefined;
  fetched.mockReset().mockReturnValue(new Promise<Response>((resolve) => (arrive = resolve)));
  await open();
  expect(isSeen()).toBe(false);
  arrive(answer());
  await vi.waitFor(() => expect(isSeen()).toBe(true));
  expect(one(".planner-scheduled").textContent).toContain("Sour spring");
});

it("is seen without posts where the server takes long or cannot be reached", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
  fetched.mockReset().mockReturnValue(new Promise<Response>(() => undefined));
  await open();
  await vi.advanceTimersByTimeAsync(800);
  expect(isSeen()).toBe(false);
  await vi.advanceTimersByTimeAsync(300);
  expect(isSeen()).toBe(true);
  vi.useRealTimers();
  fetched.mockReset().mockRejectedValue(new TypeError("offline"));
  await open();
  await vi.waitFor(() => expect(isSeen()).toBe(true), 500);
});

it("is not made for a page that is left at once", async () => {
  fetched.mockClear();
  document.body.insertAdjacentHTML("beforeend", `<section>${PLANNER}</section>`);
  await vi.waitFor(() => one("section .planner-waiting"), { interval: 0 });
  one("section").remove();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(fetched).not.toHaveBeenCalled();
});

it("asks the server for the days it shows and draws them by state", async () => {
  const asked = new URL(fetched.mock.calls[0]![0] as string, location.href);
  expect(asked.pathname).toBe("/w/acme/calendar/feed");
  expect(asked.searchParams.get("start")).toMatch(/^2026-10-26/);
  await vi.waitFor(() => expect(one(".planner-scheduled").textContent).toContain("Sour spring"));
});

it("shows where a post goes by its network's mark", async () => {
  await vi.waitFor(() => expect(one(".planner-scheduled .planner-mark").getAttribute("aria-hidden")).toBe("true"));
});

it("keeps the view in the address and marks it", () => {
  expect(one("[data-planner-view-param=month]").getAttribute("aria-pressed")).toBe("true");
  one("#week").click();
  expect(one("#week").getAttribute("aria-pressed")).toBe("true");
  expect(new URLSearchParams(location.search).get("view")).toBe("week");
  history.replaceState(null, "", location.pathname);
});

it("says in the list where each post goes, to eyes and once to readers", async () => {
  one("#week").dataset.plannerViewParam = "list";
  one("#week").click();
  await vi.waitFor(() => expect(one(".planner-channel").textContent).toBe("Maren on Mastodon"));
  expect(one(".planner-channel").getAttribute("aria-hidden")).toBe("true");
  expect(one(".fc-list-event-title a").textContent).toContain("Maren on Mastodon, Scheduled");
  history.replaceState(null, "", location.pathname);
});
