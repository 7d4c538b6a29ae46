import { csrfToken } from "./cookies";

export interface Ways {
  /** Where uploads are begun: the REST address of the workspace's uploads. */
  url: string;
  folder?: string;
  /** An upload that was begun before, to go on with. */
  resume?: string;
  signal?: AbortSignal;
  /** How much is there, 0 to 1, and in words what is happening. */
  progress?: (share: number, doing: string) => void;
  /** The upload's id, as soon as there is one. */
  begun?: (id: string) => void;
}

interface Part {
  number: number;
  size: number;
  url: string;
  needs_credentials: boolean;
}

interface Upload {
  id: string;
  state: "open" | "checking" | "done" | "refused" | "aborted" | "expired";
  part_size: number;
  arrived: number;
  missing: Part[];
  asset: string | null;
  error: { message: string } | null;
}

const TRIES = 4;
const LOOK_AGAIN = 1200;

/**
 * Takes a file into the library part by part and resolves to its id. A lost connection is tried again;
 * what has arrived is never sent twice. Rejects with words for the person, or AbortError when stopped.
 */
export async function upload(file: File, ways: Ways): Promise<string> {
  let row = ways.resume
    ? await ask<Upload>("GET", `${ways.url}/${ways.resume}`, ways)
    : await ask<Upload>("POST", ways.url, ways, {
        name: file.name,
        size: file.size,
        mime: file.type,
        folder: ways.folder ?? "",
      });
  ways.begun?.(row.id);
  while (row.state === "open" && row.missing.length) {
    for (const part of row.missing) {
      await send(file, part, row, ways);
      row.arrived += part.size;
      ways.progress?.(row.arrived / file.size, "Uploading");
    }
    row = await ask<Upload>("GET", `${ways.url}/${row.id}`, ways);
  }
  if (row.state === "open") row = await ask<Upload>("POST", `${ways.url}/${row.id}/finish`, ways, {});
  while (row.state === "checking") {
    ways.progress?.(1, "Being checked");
    await pause(LOOK_AGAIN, ways.signal);
    row = await ask<Upload>("GET", `${ways.url}/${row.id}`, ways);
  }
  if (row.asset) return row.asset;
  throw new Error(row.error?.message ?? `“${file.name}” could not be added. Try again.`);
}

export async function giveUp(url: string, id: string): Promise<void> {
  await fetch(`${url}/${id}`, { method: "DELETE", headers: { "X-CSRFToken": csrfToken() } }).catch(() => null);
}

async function send(file: File, part: Part, row: Upload, ways: Ways): Promise<void> {
  const from = (part.number - 1) * row.part_size;
  const body = file.slice(from, from + part.size);
  for (let attempt = 1; ; attempt += 1) {
    const answer = await put(part, body, ways, (sent) =>
      ways.progress?.((row.arrived + sent) / file.size, "Uploading"),
    );
    if (answer >= 200 && answer < 300) return;
    if (attempt >= TRIES || (answer >= 400 && answer < 500 && answer !== 429)) {
      throw new Error(
        answer ? `“${file.name}” could not be sent.` : "The connection was lost. Go on when it is back: nothing is sent twice.",
      );
    }
    await pause(500 * 2 ** attempt, ways.signal);
  }
}

/** fetch tells nothing of how much was sent, so parts go by the older way. Resolves to the status, 0 for none. */
function put(part: Part, body: Blob, ways: Ways, sent: (bytes: number) => void): Promise<number> {
  return new Promise((resolve, reject) => {
    if (ways.signal?.aborted) return reject(stopped());
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    ways.signal?.addEventListener("abort", stop, { once: true });
    request.open("PUT", part.url);
    if (part.needs_credentials) {
      request.setRequestHeader("X-CSRFToken", csrfToken());
      request.setRequestHeader("Content-Type", "application/octet-stream");
    }
    request.upload.onprogress = (event) => sent(event.loaded);
    request.onload = () => resolve(request.status);
    request.onerror = () => resolve(0);
    request.onabort = () => reject(stopped());
    request.onloadend = () => ways.signal?.removeEventListener("abort", stop);
    request.send(body);
  });
}

async function ask<T>(method: string, url: string, ways: Ways, body?: object): Promise<T> {
  const answer = await fetch(url, {
    method,
    headers: { "X-CSRFToken": csrfToken(), Accept: "application/json", "Content-Type": "application/json" },
    body: body && JSON.stringify(body),
    signal: ways.signal,
  }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new Error("Candy cannot be reached. Go on when it is back: nothing is sent twice.");
  });
  const data = (await answer.json().catch(() => null)) as (T & { error?: { message?: string } }) | null;
  if (answer.ok && data) return data;
  throw new Error(data?.error?.message ?? "The file could not be added. Try again.");
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, milliseconds);
    signal?.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(stopped());
      },
      { once: true },
    );
  });
}

function stopped(): DOMException {
  return new DOMException("Stopped", "AbortError");
}
