import { afterEach } from "vitest";

afterEach(() => {
  document.body.replaceChildren();
  for (const name of Object.keys(document.documentElement.dataset)) {
    delete document.documentElement.dataset[name];
  }
});
