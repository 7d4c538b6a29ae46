import { Controller } from "@hotwired/stimulus";
import { keepChoice } from "../lib/cookies";

/** The left side: folds to icons on a desk, slides in as a sheet on a phone. */
export default class SidebarController extends Controller<HTMLElement> {
  static targets = ["side", "toggle", "opener"];
  declare readonly sideTarget: HTMLElement;
  declare readonly toggleTargets: HTMLElement[];
  declare readonly openerTargets: HTMLElement[];

  connect(): void {
    this.mark();
  }

  disconnect(): void {
    this.close();
  }

  /** Between wide and icons; kept for the next page. */
  fold(): void {
    const root = document.documentElement;
    const folded = root.dataset.sidebar !== "collapsed";
    if (folded) root.dataset.sidebar = "collapsed";
    else delete root.dataset.sidebar;
    keepChoice("candy_sidebar", folded ? "collapsed" : "wide");
    this.mark();
  }

  /** The sheet on phones. */
  open(): void {
    document.documentElement.dataset.sidebarOpen = "";
    this.mark();
    this.sideTarget.querySelector<HTMLElement>("a, button")?.focus();
  }

  close(): void {
    if (!("sidebarOpen" in document.documentElement.dataset)) return;
    delete document.documentElement.dataset.sidebarOpen;
    this.mark();
    this.openerTargets[0]?.focus();
  }

  private mark(): void {
    const { sidebar, sidebarOpen } = document.documentElement.dataset;
    for (const toggle of this.toggleTargets) {
      toggle.setAttribute("aria-expanded", String(sidebar !== "collapsed"));
    }
    for (const opener of this.openerTargets) {
      opener.setAttribute("aria-expanded", String(sidebarOpen !== undefined));
    }
  }
}
