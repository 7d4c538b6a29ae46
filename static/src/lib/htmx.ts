import htmx from "htmx.org";
import { csrfToken } from "./cookies";
import { say } from "./toast";

const OWN_WORDS = "X-Candy-Message";

/** What a person reads when a request failed and the server had no words of its own. */
export function wordsFor(status: number): string {
  if (status === 0) return "Candy cannot be reached. What you typed is still here; try again.";
  if (status === 401) return "You are signed out. Sign in again in another tab, then repeat this.";
  if (status === 403) return "Your role in this workspace does not allow this. Nothing was changed.";
  if (status === 404) return "This is gone. Somebody may have removed it; reload to see what is here now.";
  if (status === 409) return "Somebody changed this in the meantime. Reload, then try again.";
  if (status === 413) return "That is too large to send.";
  if (status === 429) return "That was a lot at once. Wait a moment, then try again.";
  return "Something went wrong on our side. What you typed is still here; try again.";
}

/** htmx without eval or inline styles; forms come back with 422; errors become a toast. */
export function startHtmx(): void {
  Object.assign(htmx.config, {
    allowEval: false,
    allowScriptTags: false,
    includeIndicatorStyles: false,
    selfRequestsOnly: true,
    historyCacheSize: 0, // nothing of a workspace is left in the browser's storage
    refreshOnHistoryMiss: true,
    scrollBehavior: "instant",
    defaultSettleDelay: 0,
    timeout: 30_000,
    responseHandling: [
      { code: "204", swap: false },
      { code: "[23]..", swap: true },
      { code: "422", swap: true, error: false },
      { code: "[45]..", swap: false, error: true },
    ],
  });
  document.addEventListener("htmx:configRequest", (event) => {
    (event as CustomEvent).detail.headers["X-CSRFToken"] = csrfToken();
  });
  document.addEventListener("htmx:responseError", (event) => {
    const request: XMLHttpRequest = (event as CustomEvent).detail.xhr;
    const own = request.getResponseHeader(OWN_WORDS);
    say({ level: "danger", message: own ? decodeURIComponent(own) : wordsFor(request.status) });
  });
  for (const name of ["htmx:sendError", "htmx:timeout"]) {
    document.addEventListener(name, () => say({ level: "danger", message: wordsFor(0) }));
  }
  // Stimulus' place to hear about swaps, and htmx' to be found by controllers and islands.
  Object.assign(window, { htmx });
}
