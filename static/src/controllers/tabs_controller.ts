import { Controller } from "@hotwired/stimulus";

/** Tabs on one page. Arrows move, only the chosen tab is in the tab order, the address keeps it. */
export default class TabsController extends Controller<HTMLElement> {
  static targets = ["tab", "panel"];
  declare readonly tabTargets: HTMLElement[];
  declare readonly panelTargets: HTMLElement[];

  connect(): void {
    const named = this.tabTargets.findIndex((tab) => `#${this.idOf(tab)}` === location.hash);
    const marked = this.tabTargets.findIndex((tab) => tab.getAttribute("aria-selected") === "true");
    this.show(named >= 0 ? named : Math.max(0, marked));
  }

  choose(event: Event): void {
    event.preventDefault();
    const tab = event.currentTarget as HTMLElement;
    this.show(this.tabTargets.indexOf(tab));
    history.replaceState(history.state, "", `#${this.idOf(tab)}`);
  }

  move(event: KeyboardEvent): void {
    const last = this.tabTargets.length - 1;
    const at = this.tabTargets.indexOf(event.currentTarget as HTMLElement);
    const steps: Record<string, number> = {
      ArrowRight: at === last ? 0 : at + 1,
      ArrowLeft: at === 0 ? last : at - 1,
      Home: 0,
      End: last,
    };
    const next = steps[event.key];
    if (next === undefined) return;
    event.preventDefault();
    this.show(next);
    this.tabTargets[next]?.focus();
  }

  private idOf(tab: HTMLElement): string {
    return tab.getAttribute("aria-controls") ?? "";
  }

  private show(index: number): void {
    this.tabTargets.forEach((tab, at) => {
      tab.setAttribute("aria-selected", String(at === index));
      tab.tabIndex = at === index ? 0 : -1;
    });
    const chosen = this.tabTargets[index];
    for (const panel of this.panelTargets) panel.hidden = !chosen || panel.id !== this.idOf(chosen);
  }
}
