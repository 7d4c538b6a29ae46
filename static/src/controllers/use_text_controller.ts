import { Controller } from "@hotwired/stimulus";
import type ComposerController from "../islands/composer_controller";

/** Puts a candidate into the composer and closes the dialog it was offered in. */
export default class UseTextController extends Controller<HTMLElement> {
  static values = { channel: String, text: String };
  declare readonly channelValue: string;
  declare readonly textValue: string;

  take(): void {
    const form = document.getElementById("composer");
    const composer = form && this.application.getControllerForElementAndIdentifier(form, "composer");
    if (!composer) return;
    (composer as ComposerController).fill(this.channelValue, this.textValue);
    this.element.closest("dialog")?.close();
  }
}
