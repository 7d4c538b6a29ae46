import { Controller } from "@hotwired/stimulus";

/** Shows or hides what is typed into a password field. */
export default class PasswordController extends Controller<HTMLElement> {
  static targets = ["input", "toggle"];
  declare readonly inputTarget: HTMLInputElement;
  declare readonly toggleTarget: HTMLElement;

  toggle(): void {
    const shown = this.inputTarget.type === "text";
    this.inputTarget.type = shown ? "password" : "text";
    this.toggleTarget.setAttribute("aria-pressed", String(!shown));
    this.inputTarget.focus();
  }
}
