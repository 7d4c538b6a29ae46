import { afterEach } from "vitest";
import { leavePage } from "./stimulus";

// htmx asks for this while it loads; happy-dom has no XPath, and we use no hx-on.
globalThis.XPathEvaluator ??= class {
  createExpression() {
    return { evaluate: () => ({ iterateNext: () => null }) };
  }
} as unknown as typeof XPathEvaluator;

afterEach(() => {
  leavePage();
  document.body.replaceChildren();
  for (const name of Object.keys(document.documentElement.dataset)) {
    delete document.documentElement.dataset[name];
  }
});
