import { Application, type ControllerConstructor } from "@hotwired/stimulus";

let running: Application | null = null;

/** Stops the controllers, so that the next test's page has only its own. */
export function leavePage(): void {
  for (const controller of running?.controllers ?? []) controller.disconnect();
  running?.stop();
  running = null;
}

/** A page with `html` in it and the controllers running; resolves when they are connected. */
export async function page(
  html: string,
  controllers: Record<string, ControllerConstructor>,
): Promise<Application> {
  document.body.innerHTML = html;
  const application = new Application(document.documentElement);
  running = application;
  for (const [name, constructor] of Object.entries(controllers)) application.register(name, constructor);
  await application.start();
  await settled();
  return application;
}

/** Lets Stimulus see changes of the page. */
export function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

export function press(target: Element, key: string, init: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init });
  target.dispatchEvent(event);
  return event;
}

export const one = <T extends HTMLElement = HTMLElement>(selector: string): T => {
  const found = document.querySelector<T>(selector);
  if (!found) throw new Error(`nothing matches ${selector}`);
  return found;
};
