import { Controller } from "@hotwired/stimulus";
import { say } from "../lib/toast";

/** Copies `data-copy-text-value`, or the text of the source target, and says so. */
export default class CopyController extends Controller<HTMLElement> {
  static targets = ["source"];
  static values = { text: String };
  declare readonly sourceTarget: HTMLElement;
  declare readonly hasSourceTarget: boolean;
  declare readonly textValue: string;

  async copy(): Promise<void> {
    const text = this.textValue || (this.hasSourceTarget ? this.textOf(this.sourceTarget) : "");
    try {
      await navigator.clipboard.writeText(text);
      say({ level: "success", message: "Copied" });
    } catch {
      say({ level: "warning", message: "Your browser did not allow copying. Select the text and copy it." });
    }
  }

  private textOf(source: HTMLElement): string {
    return source instanceof HTMLInputElement ? source.value : (source.textContent ?? "").trim();
  }
}
