import { Application, type ControllerConstructor } from "@hotwired/stimulus";

type Module = { default: ControllerConstructor };

/** "../controllers/keyboard_rows_controller.ts" → "keyboard-rows" */
export function identifierOf(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return file.replace(/_controller\.ts$/, "").replaceAll("_", "-");
}

/**
 * Starts Stimulus. Small controllers (src/controllers) are in the bundle and bound by file name;
 * heavy ones (src/islands) are fetched when an element first asks for them.
 */
export function startStimulus(): Application {
  const application = Application.start();
  const eager = import.meta.glob<Module>("../controllers/*_controller.ts", { eager: true });
  for (const [path, module] of Object.entries(eager)) {
    application.register(identifierOf(path), module.default);
  }
  const islands = import.meta.glob<Module>("../islands/*_controller.ts");
  const waiting = new Map(Object.entries(islands).map(([path, load]) => [identifierOf(path), load]));
  loadOnDemand(application, waiting);
  return application;
}

/** Fetches a controller when `data-controller` first names it, now or after a later change. */
export function loadOnDemand(
  application: Application,
  waiting: Map<string, () => Promise<Module>>,
  root: Element = document.documentElement,
): MutationObserver {
  const seek = (element: Element) => {
    for (const name of element.getAttribute("data-controller")?.split(/\s+/) ?? []) {
      const load = waiting.get(name);
      if (!load) continue;
      waiting.delete(name);
      void load().then((module) => application.register(name, module.default));
    }
  };
  const search = (element: Element) => {
    seek(element);
    element.querySelectorAll("[data-controller]").forEach(seek);
  };
  const observer = new MutationObserver((changes) => {
    for (const change of changes) {
      if (change.type === "attributes") seek(change.target as Element);
      change.addedNodes.forEach((node) => node instanceof Element && search(node));
    }
  });
  observer.observe(root, { subtree: true, childList: true, attributeFilter: ["data-controller"] });
  search(root);
  return observer;
}
