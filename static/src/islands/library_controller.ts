import { Controller } from "@hotwired/stimulus";
import { say } from "../lib/toast";
import { giveUp, upload } from "../lib/upload";

interface Going {
  file: File;
  row: HTMLElement;
  id: string;
  stop: AbortController;
}

/**
 * The library's page: files dropped, pasted or chosen are uploaded two at a time, can be paused and go on
 * after a reload; ticked files get a bar of what can be done with all of them.
 */
export default class LibraryController extends Controller<HTMLElement> {
  static targets = ["queue", "row", "waiting", "grid", "tile", "tick", "bulk", "count", "veil"];
  static values = { url: String, folder: String };
  declare readonly queueTarget: HTMLElement;
  declare readonly rowTarget: HTMLTemplateElement;
  declare readonly waitingTargets: HTMLElement[];
  declare readonly tickTargets: HTMLInputElement[];
  declare readonly hasBulkTarget: boolean;
  declare readonly bulkTarget: HTMLFormElement;
  declare readonly countTarget: HTMLElement;
  declare readonly veilTarget: HTMLElement;
  declare readonly urlValue: string;
  declare readonly folderValue: string;
  private readonly queue: Going[] = [];
  private running = 0;
  private added = 0;
  private last: HTMLInputElement | null = null;

  connect(): void {
    window.addEventListener("beforeunload", this.warn);
  }

  disconnect(): void {
    window.removeEventListener("beforeunload", this.warn);
    for (const going of this.queue) going.stop.abort();
  }

  pick(event: Event): void {
    const input = event.target as HTMLInputElement;
    this.take([...(input.files ?? [])]);
    input.value = "";
  }

  paste(event: ClipboardEvent): void {
    const files = [...(event.clipboardData?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.take(files);
  }

  over(event: DragEvent): void {
    if (!event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    this.veilTarget.hidden = false;
  }

  left(event: DragEvent): void {
    if (!event.relatedTarget) this.veilTarget.hidden = true;
  }

  drop(event: DragEvent): void {
    this.veilTarget.hidden = true;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (!files.length) return;
    event.preventDefault();
    this.take(files);
  }

  /** An upload from before that nobody wants any more. */
  forget(event: Event): void {
    const row = (event.target as Element).closest<HTMLElement>("[data-upload]");
    if (!row) return;
    void giveUp(this.urlValue, row.dataset.upload ?? "");
    row.remove();
  }

  /** With Ctrl or Shift a click selects; without, the file opens beside the page. */
  open(event: MouseEvent): void {
    if (!event.ctrlKey && !event.metaKey && !event.shiftKey) return;
    const box = (event.currentTarget as Element).parentElement?.querySelector<HTMLInputElement>("input");
    if (!box) return;
    event.preventDefault();
    event.stopImmediatePropagation();
    box.checked = !box.checked;
    this.select(box, event.shiftKey);
  }

  tick(event: MouseEvent): void {
    this.select(event.currentTarget as HTMLInputElement, event.shiftKey);
  }

  clear(): void {
    for (const box of this.tickTargets) box.checked = false;
    this.show();
  }

  private select(box: HTMLInputElement, toHere: boolean): void {
    const boxes = this.tickTargets;
    if (toHere && this.last) {
      const [from, to] = [boxes.indexOf(this.last), boxes.indexOf(box)].sort((a, b) => a - b);
      for (const each of boxes.slice(from, (to ?? 0) + 1)) each.checked = box.checked;
    }
    this.last = box;
    this.show();
  }

  private show(): void {
    if (!this.hasBulkTarget) return;
    const count = this.tickTargets.filter((box) => box.checked).length;
    this.bulkTarget.hidden = count === 0;
    this.countTarget.textContent = `${count} selected`;
  }

  private take(files: File[]): void {
    for (const file of files) {
      const begun = this.waitingTargets.find(
        (row) => row.dataset.name === file.name && row.dataset.size === String(file.size),
      );
      this.queue.push(this.line(file, begun?.dataset.upload ?? ""));
      begun?.remove();
    }
    this.next();
  }

  private line(file: File, id: string): Going {
    const holder = this.rowTarget.content.cloneNode(true) as DocumentFragment;
    const row = holder.firstElementChild as HTMLElement;
    const going: Going = { file, row, id, stop: new AbortController() };
    part(row, "name").textContent = file.name;
    part(row, "note").textContent = "Waiting";
    part(row, "pause").addEventListener("click", () => this.halt(going));
    part(row, "stop").addEventListener("click", () => this.abandon(going));
    this.queueTarget.append(row);
    return going;
  }

  private next(): void {
    while (this.running < 2) {
      const going = this.queue.find((each) => each.row.dataset.state === undefined);
      if (!going) break;
      void this.run(going);
    }
    if (!this.running && this.added && !this.queue.some((each) => each.row.dataset.state !== "paused")) {
      this.added = 0;
      location.reload();
    }
  }

  private async run(going: Going): Promise<void> {
    this.running += 1;
    going.row.dataset.state = "running";
    const bar = going.row.querySelector("progress");
    try {
      await upload(going.file, {
        url: this.urlValue,
        folder: this.folderValue,
        resume: going.id || undefined,
        signal: going.stop.signal,
        begun: (id) => (going.id = id),
        progress: (share, doing) => {
          if (bar) bar.value = share;
          part(going.row, "note").textContent = `${doing}, ${Math.round(share * 100)} %`;
        },
      });
      this.added += 1;
      this.remove(going);
    } catch (error) {
      if (error instanceof DOMException && error.name === "AbortError") {
        // paused or given up: the row says so already
      } else {
        const words = error instanceof Error ? error.message : "It could not be added.";
        this.rest(going, words);
        say({ level: "danger", message: words });
      }
    }
    this.running -= 1;
    this.next();
  }

  private halt(going: Going): void {
    if (going.row.dataset.state === "paused") {
      going.stop = new AbortController();
      delete going.row.dataset.state;
      part(going.row, "pause").textContent = "Pause";
      part(going.row, "note").textContent = "Waiting";
      this.next();
      return;
    }
    going.stop.abort();
    this.rest(going, "Paused. What has arrived stays.");
  }

  private rest(going: Going, words: string): void {
    going.row.dataset.state = "paused";
    part(going.row, "pause").textContent = "Go on";
    part(going.row, "note").textContent = words;
  }

  private abandon(going: Going): void {
    going.stop.abort();
    if (going.id) void giveUp(this.urlValue, going.id);
    this.remove(going);
  }

  private remove(going: Going): void {
    going.row.remove();
    this.queue.splice(this.queue.indexOf(going), 1);
  }

  private readonly warn = (event: BeforeUnloadEvent): void => {
    if (this.running) event.preventDefault();
  };
}

function part(row: HTMLElement, name: string): HTMLElement {
  return row.querySelector<HTMLElement>(`[data-part="${name}"]`)!;
}
