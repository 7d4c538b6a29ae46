import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { upload } from "./upload";

const SIZE = 10;
const PART = 4;

/** A store that keeps what arrives, and a network that fails as told. */
class Server {
  parts = new Map<number, number>();
  log: string[] = [];
  failing = 0;
  state = "open";
  checks = 0;

  row(): object {
    const missing = [1, 2, 3].filter((number) => !this.parts.has(number));
    const arrived = [...this.parts.values()].reduce((sum, size) => sum + size, 0);
    return {
      id: "u1",
      state: this.state,
      part_size: PART,
      arrived,
      missing: missing.map((number) => ({
        number,
        size: number === 3 ? 2 : PART,
        url: `/parts/${number}`,
        needs_credentials: true,
      })),
      asset: this.state === "done" ? "a1" : null,
      error: this.state === "refused" ? { message: "That is no picture." } : null,
    };
  }

  fetch = async (url: string, init: RequestInit): Promise<Response> => {
    this.log.push(`${init.method} ${url}`);
    if (url.endsWith("/finish")) this.state = this.checks ? "checking" : "done";
    else if (this.state === "checking" && --this.checks <= 0) this.state = "done";
    return new Response(JSON.stringify(this.row()), { status: 200 });
  };
}

let server: Server;

beforeEach(() => {
  server = new Server();
  vi.stubGlobal("setTimeout", (later: () => void) => queueMicrotask(later)); // pauses take no time
  vi.stubGlobal("fetch", server.fetch);
  vi.stubGlobal(
    "XMLHttpRequest",
    class {
      upload = {} as { onprogress?: (event: { loaded: number }) => void };
      status = 204;
      url = "";
      onload?: () => void;
      onerror?: () => void;
      onabort?: () => void;
      onloadend?: () => void;
      open(_: string, url: string): void {
        this.url = url;
      }
      setRequestHeader(): void {}
      abort(): void {
        this.onabort?.();
      }
      send(body: Blob): void {
        queueMicrotask(() => {
          if (server.failing-- > 0) return this.onerror?.();
          server.log.push(`PUT ${this.url}`);
          server.parts.set(Number(this.url.at(-1)), body.size);
          this.onload?.();
          this.onloadend?.();
        });
      }
    },
  );
});

afterEach(() => {
  vi.unstubAllGlobals();
});

const file = () => new File(["0123456789"], "tart.jpg", { type: "image/jpeg" });

test("a file goes part by part and ends as an asset", async () => {
  const shares: number[] = [];
  const asset = await upload(file(), { url: "/uploads", progress: (share) => shares.push(share) });
  expect(asset).toBe("a1");
  expect([...server.parts.values()].reduce((sum, size) => sum + size, 0)).toBe(SIZE);
  expect(shares.at(-1)).toBe(1);
});

test("going on sends only what is missing", async () => {
  server.parts.set(1, PART).set(2, PART);
  await upload(file(), { url: "/uploads", resume: "u1" });
  expect(server.log.filter((line) => line.startsWith("PUT"))).toEqual(["PUT /parts/3"]);
  expect(server.log[0]).toBe("GET /uploads/u1");
});

test("a lost connection is tried again", async () => {
  server.failing = 2;
  expect(await upload(file(), { url: "/uploads" })).toBe("a1");
});

test("a connection that stays lost is said, and what arrived stays", async () => {
  server.failing = 99;
  await expect(upload(file(), { url: "/uploads" })).rejects.toThrow("nothing is sent twice");
});

test("a file that is being checked is waited for", async () => {
  server.checks = 2;
  const doing: string[] = [];
  expect(await upload(file(), { url: "/uploads", progress: (_, words) => doing.push(words) })).toBe("a1");
  expect(doing).toContain("Being checked");
});

test("stopping ends it without words", async () => {
  const stop = new AbortController();
  stop.abort();
  server.parts.clear();
  await expect(upload(file(), { url: "/uploads", resume: "u1", signal: stop.signal })).rejects.toMatchObject({
    name: "AbortError",
  });
});
