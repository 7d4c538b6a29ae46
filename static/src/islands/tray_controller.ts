import { Controller } from "@hotwired/stimulus";
import { place, shift } from "../lib/reorder";
import { say } from "../lib/toast";
import { upload } from "../lib/upload";
import type ComposerController from "./composer_controller";

const TILE = "[data-tray-target='tile']";

/**
 * The files of one post or part: taken in by button, paste, drop or from the library, described, put
 * in another order. Each tile carries its hidden field, so the order in the page is the order sent.
 */
export default class TrayController extends Controller<HTMLElement> {
  static targets = ["list", "tile", "input", "busy"];
  static values = { name: String };
  declare readonly listTarget: HTMLElement;
  declare readonly tileTargets: HTMLElement[];
  declare readonly inputTarget: HTMLInputElement;
  declare readonly busyTarget: HTMLElement;
  declare readonly nameValue: string;
  private lifted: HTMLElement | null = null;

  connect(): void {
    this.element.addEventListener("tray:take", this.taken);
  }

  disconnect(): void {
    this.element.removeEventListener("tray:take", this.taken);
  }

  browse(): void {
    this.inputTarget.click();
  }

  library(): void {
    this.dispatch("library");
  }

  pick(): void {
    void this.take([...(this.inputTarget.files ?? [])]);
    this.inputTarget.value = "";
  }

  paste(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    void this.take(files);
  }

  over(event: DragEvent): void {
    if (this.lifted) {
      event.preventDefault();
      place(this.lifted, this.tileTargets, event.clientX, "x");
    } else if (event.dataTransfer?.types.includes("Files")) {
      event.preventDefault();
    }
  }

  drop(event: DragEvent): void {
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    void this.take(files);
  }

  lift(event: DragEvent): void {
    this.lifted = (event.target as Element).closest<HTMLElement>(TILE);
    event.dataTransfer?.setData("text/x-candy-tile", "");
  }

  put(): void {
    if (!this.lifted) return;
    this.lifted = null;
    this.dispatch("changed");
  }

  earlier(event: Event): void {
    this.move(event, -1);
  }

  later(event: Event): void {
    this.move(event, 1);
  }

  remove(event: Event): void {
    const tile = (event.target as Element).closest(TILE);
    const next = tile?.nextElementSibling ?? tile?.previousElementSibling;
    tile?.remove();
    (next?.querySelector("button") ?? this.element.querySelector("textarea"))?.focus();
    this.dispatch("changed");
  }

  /** A file has one description, wherever it stands. */
  describe(event: Event): void {
    const field = event.target as HTMLInputElement;
    for (const other of document.querySelectorAll<HTMLInputElement>(`#composer [name="${field.name}"]`)) {
      if (other !== field) other.value = field.value;
    }
  }

  private move(event: Event, by: -1 | 1): void {
    const button = event.currentTarget as HTMLElement;
    const tile = button.closest(TILE);
    if (!tile || !shift(tile, by, TILE)) return;
    button.focus();
    this.dispatch("changed");
  }

  private async take(files: File[]): Promise<void> {
    for (const [index, file] of files.entries()) {
      const of = files.length > 1 ? ` (${index + 1} of ${files.length})` : "";
      this.busy(`Adding ${file.name}${of}…`);
      try {
        const asset = await upload(file, {
          url: this.composer?.uploadUrlValue ?? "",
          progress: (share, doing) => this.busy(`${file.name}${of}: ${doing.toLowerCase()}, ${Math.round(share * 100)} %`),
        });
        await this.insert(asset);
      } catch (error) {
        say({ level: "danger", message: error instanceof Error ? error.message : `“${file.name}” could not be added.` });
      }
    }
    this.busy("");
  }

  private async insert(asset: string): Promise<void> {
    const url = new URL(this.composer?.tileUrlValue ?? "", location.href);
    url.searchParams.set("asset", asset);
    url.searchParams.set("name", this.nameValue);
    const answer = await fetch(url, { headers: { "HX-Request": "true" } }).catch(() => null);
    if (!answer?.ok) {
      say({ level: "danger", message: "This file could not be added. It is in the library; try again from there." });
      return;
    }
    this.listTarget.insertAdjacentHTML("beforeend", await answer.text());
    const tile = this.listTarget.lastElementChild;
    if (tile) window.htmx?.process(tile as HTMLElement);
    this.dispatch("changed");
  }

  private busy(words: string): void {
    this.busyTarget.textContent = words;
    this.busyTarget.hidden = !words;
  }

  private get composer(): ComposerController | null {
    const form = document.getElementById("composer");
    return form
      ? (this.application.getControllerForElementAndIdentifier(form, "composer") as ComposerController | null)
      : null;
  }

  private readonly taken = (event: Event): void => {
    void this.insert((event as CustomEvent<{ asset: string }>).detail.asset);
  };
}
