export type ToastLevel = "info" | "success" | "warning" | "danger";
export interface Toast {
  message: string;
  level?: ToastLevel;
  action?: { label: string; href: string };
}

/** Says something in the corner; the toast controller on <body> shows it. */
export function say(toast: Toast): void {
  document.dispatchEvent(new CustomEvent<Toast>("candy:toast", { detail: toast }));
}
