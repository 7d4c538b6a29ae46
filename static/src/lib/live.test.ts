import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type CandyEvent, LiveEvents, type LiveState, backOff } from "./live";

class FakeSocket extends EventTarget {
  static all: FakeSocket[] = [];
  constructor(readonly url: string) {
    super();
    FakeSocket.all.push(this);
  }
  close(): void {}
  accept = () => this.dispatchEvent(new Event("open"));
  send = (event: Partial<CandyEvent>) =>
    this.dispatchEvent(new MessageEvent("message", { data: JSON.stringify(event) }));
  drop = (code = 1006) => this.dispatchEvent(Object.assign(new Event("close"), { code }));
}

let seen: number[];
let states: LiveState[];

function start(after = 0): LiveEvents {
  const live = new LiveEvents({
    path: "/ws/w/acme/events",
    after,
    onEvent: (event) => seen.push(event.sequence),
    onState: (state) => states.push(state),
    open: (url) => new FakeSocket(url) as unknown as WebSocket,
  });
  live.start();
  return live;
}

beforeEach(() => {
  vi.useFakeTimers();
  seen = [];
  states = [];
  FakeSocket.all = [];
});
afterEach(() => void vi.useRealTimers());

describe("LiveEvents", () => {
  it("asks for what came after the page was drawn", () => {
    start(41);
    expect(FakeSocket.all[0]!.url).toContain("/ws/w/acme/events?after=41");
  });

  it("comes back after a break and asks from the last event it saw", () => {
    start(0);
    FakeSocket.all[0]!.accept();
    FakeSocket.all[0]!.send({ sequence: 7 });
    FakeSocket.all[0]!.drop();
    expect(states.at(-1)).toBe("waiting");
    vi.advanceTimersByTime(600);
    expect(FakeSocket.all[1]!.url).toContain("after=7");
  });

  it("shows an event once, also when it is sent twice", () => {
    start(5);
    for (const sequence of [5, 6, 6, 7]) FakeSocket.all[0]!.send({ sequence });
    expect(seen).toEqual([6, 7]);
  });

  it("waits longer after each failure and starts anew after a success", () => {
    start();
    FakeSocket.all[0]!.drop();
    vi.advanceTimersByTime(500);
    FakeSocket.all[1]!.drop();
    vi.advanceTimersByTime(499);
    expect(FakeSocket.all).toHaveLength(2);
    vi.advanceTimersByTime(501);
    expect(FakeSocket.all).toHaveLength(3);
    FakeSocket.all[2]!.accept();
    FakeSocket.all[2]!.drop();
    vi.advanceTimersByTime(500);
    expect(FakeSocket.all).toHaveLength(4);
  });

  it("gives up when it is not let in", () => {
    start();
    FakeSocket.all[0]!.drop(4403);
    vi.advanceTimersByTime(120_000);
    expect(FakeSocket.all).toHaveLength(1);
    expect(states.at(-1)).toBe("closed");
  });

  it("hurries when the machine is back online", () => {
    const live = start();
    for (const index of [0, 1, 2]) {
      FakeSocket.all[index]!.drop();
      vi.advanceTimersByTime(4000);
    }
    FakeSocket.all[3]!.drop();
    live.hurry();
    expect(FakeSocket.all).toHaveLength(5);
  });

  it("stays silent after stop", () => {
    const live = start();
    live.stop();
    FakeSocket.all[0]!.drop();
    vi.advanceTimersByTime(60_000);
    expect(FakeSocket.all).toHaveLength(1);
  });
});

describe("backOff", () => {
  it("stays between half and the whole of a doubling ceiling of at most 30 s", () => {
    expect(backOff(0, () => 0)).toBe(250);
    expect(backOff(0, () => 1)).toBe(500);
    expect(backOff(3, () => 1)).toBe(4000);
    expect(backOff(50, () => 1)).toBe(30_000);
  });
});
