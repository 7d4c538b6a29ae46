import { Controller } from "@hotwired/stimulus";

/**
 * The address of a new workspace: suggested from the name until somebody edits it, and checked with
 * the server a moment after the last key.
 */
export default class SlugController extends Controller<HTMLElement> {
  static targets = ["name", "slug", "said"];
  static values = { url: String };
  declare readonly nameTarget: HTMLInputElement;
  declare readonly slugTarget: HTMLInputElement;
  declare readonly saidTarget: HTMLElement;
  declare readonly urlValue: string;
  private edited = false;
  private timer = 0;
  private asked = 0;

  connect(): void {
    this.edited = Boolean(this.slugTarget.value);
  }

  disconnect(): void {
    window.clearTimeout(this.timer);
  }

  named(): void {
    if (!this.edited) this.later();
  }

  typed(): void {
    this.edited = Boolean(this.slugTarget.value);
    this.later();
  }

  private later(): void {
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => void this.check(), 250);
  }

  private async check(): Promise<void> {
    const number = ++this.asked;
    const query = new URLSearchParams(
      this.edited ? { slug: this.slugTarget.value } : { name: this.nameTarget.value },
    );
    const response = await fetch(`${this.urlValue}?${query}`, { headers: { Accept: "text/html" } });
    if (!response.ok || number !== this.asked) return; // an answer to an older question
    const drawn = new DOMParser().parseFromString(await response.text(), "text/html");
    const suggested = drawn.querySelector<HTMLElement>("[data-suggested]")?.dataset.suggested;
    if (!this.edited && suggested) this.slugTarget.value = suggested;
    this.saidTarget.replaceChildren(...drawn.body.childNodes);
  }
}
