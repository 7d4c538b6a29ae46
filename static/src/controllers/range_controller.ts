import { Controller } from "@hotwired/stimulus";

/** Shows the value of a slider beside its label while it moves. */
export default class RangeController extends Controller<HTMLElement> {
  static targets = ["output"];
  declare readonly outputTarget: HTMLOutputElement;

  show(event: Event): void {
    this.outputTarget.value = (event.target as HTMLInputElement).value;
  }
}
