import { Controller } from "@hotwired/stimulus";
import { keepChoice } from "../lib/cookies";

type Choice = "system" | "light" | "dark";
const THEMES = { light: "candy", dark: "candy-dark" } as const;

/**
 * Light, dark or as the device says. The server draws the page in the kept choice; this changes it
 * without a reload: `data-action="theme#choose" data-theme-choice-param="dark"`.
 */
export default class ThemeController extends Controller<HTMLElement> {
  static targets = ["choice"];
  declare readonly choiceTargets: HTMLElement[];

  connect(): void {
    this.mark(this.current);
  }

  choose({ params }: { params: { choice: Choice } }): void {
    const root = document.documentElement;
    if (params.choice === "system") root.removeAttribute("data-theme");
    else root.dataset.theme = THEMES[params.choice];
    keepChoice("candy_theme", params.choice);
    this.mark(params.choice);
    document.dispatchEvent(new CustomEvent("candy:theme", { detail: params.choice }));
  }

  private get current(): Choice {
    const theme = document.documentElement.dataset.theme;
    if (theme === THEMES.light) return "light";
    return theme === THEMES.dark ? "dark" : "system";
  }

  private mark(choice: Choice): void {
    for (const target of this.choiceTargets) {
      target.setAttribute("aria-pressed", String(target.dataset.themeChoiceParam === choice));
    }
  }
}
