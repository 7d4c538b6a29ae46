import { Controller } from "@hotwired/stimulus";
import type { Toast } from "../lib/toast";

const STAY = 6000;

/**
 * Words in the corner. They come from the page (messages of the server), from `candy:toast`, or with
 * the HX-Trigger header `{"candy:toast": {...}}`. Errors stay until they are closed.
 */
export default class ToastController extends Controller<HTMLElement> {
  static targets = ["stack", "template", "item"];
  declare readonly stackTarget: HTMLElement;
  declare readonly templateTarget: HTMLTemplateElement;
  private readonly timers = new Map<Element, ReturnType<typeof setTimeout>>();

  connect(): void {
    document.addEventListener("candy:toast", this.show);
  }

  disconnect(): void {
    document.removeEventListener("candy:toast", this.show);
    this.timers.forEach((timer) => clearTimeout(timer));
  }

  itemTargetConnected(item: HTMLElement): void {
    if (item.dataset.level !== "danger") this.timers.set(item, setTimeout(() => this.remove(item), STAY));
  }

  itemTargetDisconnected(item: HTMLElement): void {
    clearTimeout(this.timers.get(item));
    this.timers.delete(item);
  }

  close(event: Event): void {
    const item = (event.target as Element).closest<HTMLElement>("[data-toast-target='item']");
    if (item) this.remove(item);
  }

  /** Nobody loses a sentence half-read. */
  hold(event: Event): void {
    clearTimeout(this.timers.get(event.currentTarget as Element));
  }

  private readonly show = (event: Event): void => {
    const { message, level = "info", action } = (event as CustomEvent<Toast>).detail;
    const same = [...this.stackTarget.querySelectorAll<HTMLElement>("[data-toast-text]")];
    if (same.some((text) => text.textContent === message)) return;
    const item = (this.templateTarget.content.cloneNode(true) as DocumentFragment).firstElementChild as HTMLElement;
    item.dataset.level = level;
    item.setAttribute("role", level === "danger" ? "alert" : "status");
    item.querySelectorAll<HTMLElement>("[data-for-level]").forEach((icon) => {
      icon.hidden = icon.dataset.forLevel !== level;
    });
    item.querySelector("[data-toast-text]")!.textContent = message;
    const link = item.querySelector<HTMLAnchorElement>("[data-toast-link]");
    if (link) {
      link.hidden = !action;
      if (action) {
        link.textContent = action.label;
        link.href = action.href;
      }
    }
    this.stackTarget.append(item);
  };

  private remove(item: HTMLElement): void {
    item.dataset.leaving = "";
    setTimeout(() => item.remove(), 200);
  }
}
