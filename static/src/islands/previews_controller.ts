import { Controller } from "@hotwired/stimulus";

/** One preview at a time: the channel that was chosen, or the one that is being worked on. */
export default class PreviewsController extends Controller<HTMLElement> {
  static targets = ["tab", "slot", "stage", "width", "none"];
  declare readonly tabTargets: HTMLElement[];
  declare readonly slotTargets: HTMLElement[];
  declare readonly stageTarget: HTMLElement;
  declare readonly widthTargets: HTMLElement[];
  declare readonly noneTarget: HTMLElement;
  private current = "";
  private isReady = false;

  connect(): void {
    this.element.addEventListener("composer:channels", this.chosen);
    const open = this.slotTargets.find((slot) => !slot.hidden);
    this.select(open?.dataset.channel ?? "");
    this.isReady = true;
  }

  /** A channel's preview comes when it is first chosen; it shows at once where none did. */
  slotTargetConnected(slot: HTMLElement): void {
    if (!this.isReady) return;
    const tab = this.tabTargets.find((each) => each.dataset.channel === slot.dataset.channel);
    if (!this.current && tab && !tab.hidden) this.select(slot.dataset.channel ?? "");
    slot.hidden = slot.dataset.channel !== this.current;
  }

  tabTargetConnected(tab: HTMLElement): void {
    tab.setAttribute("aria-pressed", String(tab.dataset.channel === this.current));
  }

  disconnect(): void {
    this.element.removeEventListener("composer:channels", this.chosen);
  }

  show(event: Event): void {
    this.select((event.currentTarget as HTMLElement).dataset.channel ?? "");
  }

  follow(event: Event): void {
    const channel = (event.currentTarget as HTMLElement).dataset.channel ?? "";
    if (channel !== this.current) this.select(channel);
  }

  width({ params }: { params: { width: string } }): void {
    this.stageTarget.dataset.width = params.width;
    for (const button of this.widthTargets) {
      button.setAttribute("aria-pressed", String(button.dataset.previewsWidthParam === params.width));
    }
  }

  private select(channel: string): void {
    this.current = channel;
    for (const tab of this.tabTargets) tab.setAttribute("aria-pressed", String(tab.dataset.channel === channel));
    for (const slot of this.slotTargets) slot.hidden = slot.dataset.channel !== channel;
    this.noneTarget.hidden = Boolean(channel);
  }

  private readonly chosen = (event: Event): void => {
    const { chosen } = (event as CustomEvent<{ chosen: string[] }>).detail;
    for (const tab of this.tabTargets) tab.hidden = !chosen.includes(tab.dataset.channel ?? "");
    if (chosen.includes(this.current)) return;
    this.select(this.tabTargets.find((tab) => !tab.hidden)?.dataset.channel ?? "");
  };
}
