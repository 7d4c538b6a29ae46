import { csrfToken } from "./cookies";

export interface Ways {
  /** How much is there, 0 to 1. */
  progress?: (share: number) => void;
  signal?: AbortSignal;
}

/** Takes a file into the library and resolves to its id. Rejects with words for the person. */
export async function upload(file: File, ways: Ways = {}): Promise<string> {
  const meta = document.querySelector<HTMLElement>("[data-composer-upload-url-value]");
  const body = new FormData();
  body.append("image", file);
  ways.progress?.(0);
  const answer = await fetch(meta?.dataset.composerUploadUrlValue ?? "", {
    method: "POST",
    headers: { "X-CSRFToken": csrfToken(), "HX-Request": "true" },
    body,
    signal: ways.signal,
  }).catch(() => null);
  if (answer?.ok) return ((await answer.json()) as { id: string }).id;
  const own = answer?.headers.get("X-Candy-Message");
  throw new Error(own ? decodeURIComponent(own) : `“${file.name}” could not be added. Try again.`);
}
