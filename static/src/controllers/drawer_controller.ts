import { Controller } from "@hotwired/stimulus";

/**
 * The drawer on the right. A link with `hx-get` and `hx-target="#drawer-content"` fills it; it opens
 * when the answer arrives. `data-drawer-url` on what was loaded becomes the address while it is open,
 * so a reload shows the same thing as a page.
 */
export default class DrawerController extends Controller<HTMLDialogElement> {
  static targets = ["content"];
  declare readonly contentTarget: HTMLElement;
  private back: string | null = null;

  connect(): void {
    this.contentTarget.addEventListener("htmx:afterSwap", this.filled);
    this.element.addEventListener("close", this.closed);
  }

  disconnect(): void {
    this.contentTarget.removeEventListener("htmx:afterSwap", this.filled);
    this.element.removeEventListener("close", this.closed);
  }

  close(): void {
    this.element.close();
  }

  outside(event: MouseEvent): void {
    if (event.target === this.element) this.close();
  }

  private readonly filled = (): void => {
    if (!this.contentTarget.childElementCount) {
      this.close();
      return;
    }
    const url = this.contentTarget.querySelector<HTMLElement>("[data-drawer-url]")?.dataset.drawerUrl;
    if (url) {
      this.back ??= location.href;
      history.replaceState(history.state, "", url);
    }
    if (!this.element.open) this.element.showModal();
  };

  private readonly closed = (): void => {
    if (this.back) history.replaceState(history.state, "", this.back);
    this.back = null;
    this.contentTarget.replaceChildren();
  };
}
