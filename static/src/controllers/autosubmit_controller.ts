import { Controller } from "@hotwired/stimulus";

/** Filters: sends the form a moment after the last change. Empty fields stay out of the address. */
export default class AutosubmitController extends Controller<HTMLFormElement> {
  static values = { wait: { type: Number, default: 250 } };
  declare readonly waitValue: number;
  private timer: ReturnType<typeof setTimeout> | undefined;

  connect(): void {
    this.element.addEventListener("formdata", this.tidy);
  }

  disconnect(): void {
    clearTimeout(this.timer);
    this.element.removeEventListener("formdata", this.tidy);
  }

  later(): void {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.now(), this.waitValue);
  }

  now(): void {
    clearTimeout(this.timer);
    this.element.requestSubmit();
  }

  private readonly tidy = (event: FormDataEvent): void => {
    for (const [name, value] of [...event.formData.entries()]) {
      if (value === "") event.formData.delete(name);
    }
  };
}
