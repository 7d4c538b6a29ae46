import { Controller } from "@hotwired/stimulus";

/**
 * Files one by one over the whole window: swiped, turned with arrow keys or buttons. What is near is
 * loaded large; the picture in sight in full resolution. Opened by `gallery:open` with an index.
 */
export default class GalleryController extends Controller<HTMLDialogElement> {
  static targets = ["strip", "words"];
  declare readonly stripTarget: HTMLElement;
  declare readonly wordsTarget: HTMLElement;
  private items: HTMLElement[] = [];
  private at = -1;

  connect(): void {
    this.element.addEventListener("gallery:open", this.opened);
    this.element.addEventListener("close", this.closed);
  }

  disconnect(): void {
    this.element.removeEventListener("gallery:open", this.opened);
    this.element.removeEventListener("close", this.closed);
  }

  back(): void {
    this.go(this.at - 1);
  }

  forth(): void {
    this.go(this.at + 1);
  }

  close(): void {
    this.element.close();
  }

  key(event: KeyboardEvent): void {
    if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
    if (event.target instanceof HTMLVideoElement) return;
    event.preventDefault();
    this.go(this.at + (event.key === "ArrowLeft" ? -1 : 1));
  }

  moved(): void {
    const at = Math.round(this.stripTarget.scrollLeft / (this.stripTarget.clientWidth || 1));
    if (at !== this.at) this.arrive(at);
  }

  private go(to: number): void {
    const at = Math.max(0, Math.min(to, this.items.length - 1));
    this.stripTarget.scrollTo({ left: at * this.stripTarget.clientWidth });
    this.arrive(at);
  }

  private arrive(at: number): void {
    this.at = at;
    for (const video of this.stripTarget.querySelectorAll("video")) video.pause();
    const slide = this.stripTarget.children[at];
    const picture = slide?.querySelector("img");
    const full = this.items[at]?.dataset.full;
    if (picture && full && !("full" in picture.dataset)) {
      picture.dataset.full = "";
      const large = new Image();
      large.src = full;
      void large.decode().then(() => (picture.src = full)).catch(() => undefined);
    }
    this.wordsTarget.textContent = `${at + 1} of ${this.items.length}: ${this.items[at]?.dataset.name ?? ""}`;
  }

  private readonly opened = (event: Event): void => {
    const { items, index } = (event as CustomEvent<{ items: HTMLElement[]; index: number }>).detail;
    this.items = items;
    this.stripTarget.replaceChildren(...items.map(slideOf));
    this.element.showModal();
    this.go(index);
    this.stripTarget.focus();
  };

  private readonly closed = (): void => {
    this.stripTarget.replaceChildren();
    this.at = -1;
  };
}

function slideOf(item: HTMLElement): HTMLElement {
  const slide = document.createElement("div");
  slide.className = "gallery-slide";
  if (item.dataset.stream) {
    const video = document.createElement("video");
    Object.assign(video, { src: item.dataset.stream, controls: true, preload: "none", playsInline: true });
    video.poster = item.dataset.large ?? "";
    video.setAttribute("aria-label", item.dataset.alt || item.dataset.name || "Video");
    slide.append(video);
  } else {
    const picture = document.createElement("img");
    picture.loading = "lazy";
    picture.alt = item.dataset.alt ?? "";
    picture.width = Number(item.dataset.width);
    picture.height = Number(item.dataset.height);
    picture.src = item.dataset.large ?? "";
    slide.append(picture);
  }
  return slide;
}
