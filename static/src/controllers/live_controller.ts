import { Controller } from "@hotwired/stimulus";
import { kindMatches } from "../lib/kinds";
import { type CandyEvent, LiveEvents, type LiveState } from "../lib/live";

const TOGETHER = 150;

/**
 * On <body>: the workspace's events. Each is re-dispatched as `candy:event` on document; elements
 * with `data-live-kinds="post.* job.failed"` and an `hx-get` with `hx-trigger="candy:refresh"` are
 * fetched again, once for events that come together.
 */
export default class LiveController extends Controller<HTMLElement> {
  static values = { path: String, after: Number };
  declare readonly pathValue: string;
  declare readonly afterValue: number;
  private events: LiveEvents | null = null;
  private readonly due = new Set<Element>();
  private timer: ReturnType<typeof setTimeout> | undefined;

  connect(): void {
    if (!this.pathValue) return;
    this.events = new LiveEvents({
      path: this.pathValue,
      after: this.afterValue,
      onEvent: (event) => this.arrived(event),
      onState: (state) => this.tell(state),
    });
    this.events.start();
    window.addEventListener("online", this.hurry);
    document.addEventListener("visibilitychange", this.hurry);
  }

  disconnect(): void {
    window.removeEventListener("online", this.hurry);
    document.removeEventListener("visibilitychange", this.hurry);
    clearTimeout(this.timer);
    this.events?.stop();
    this.events = null;
  }

  arrived(event: CandyEvent): void {
    document.dispatchEvent(new CustomEvent<CandyEvent>("candy:event", { detail: event }));
    for (const element of document.querySelectorAll<HTMLElement>("[data-live-kinds]")) {
      if (kindMatches(event.kind, element.dataset.liveKinds ?? "")) this.due.add(element);
    }
    if (!this.due.size) return;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), TOGETHER);
  }

  private refresh(): void {
    for (const element of this.due) {
      if (element.isConnected) element.dispatchEvent(new CustomEvent("candy:refresh"));
    }
    this.due.clear();
  }

  private tell(state: LiveState): void {
    this.element.dataset.liveState = state;
    document.dispatchEvent(new CustomEvent<LiveState>("candy:live", { detail: state }));
  }

  private readonly hurry = (): void => {
    if (document.visibilityState === "visible") this.events?.hurry();
  };
}
