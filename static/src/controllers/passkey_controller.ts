import { Controller } from "@hotwired/stimulus";

type Options = { creation_options?: { publicKey: object }; request_options?: { publicKey: object } };

/**
 * Passkeys in forms of the server: asks the browser for the credential, puts it into the hidden field
 * and sends the form. `create` adds one, `confirm` is a second step, `signIn` signs in with it alone.
 * What the browser is to be asked comes from the server, in the page or from the options address.
 */
export default class PasskeyController extends Controller<HTMLFormElement> {
  static targets = ["credential", "button", "error", "alone"];
  static values = { optionsUrl: String };
  declare readonly credentialTarget: HTMLInputElement;
  declare readonly buttonTarget: HTMLButtonElement;
  declare readonly errorTarget: HTMLElement;
  declare readonly aloneTarget: HTMLInputElement;
  declare readonly hasAloneTarget: boolean;
  declare readonly optionsUrlValue: string;

  create(event: Event): void {
    const alone = this.hasAloneTarget && this.aloneTarget.checked;
    void this.run(event, async () => {
      const options = structuredClone(this.fromPage().creation_options!.publicKey) as PublicKeyCredentialCreationOptionsJSON;
      options.authenticatorSelection = {
        ...options.authenticatorSelection,
        residentKey: alone ? "required" : "discouraged",
        requireResidentKey: alone,
        ...(alone ? { userVerification: "required" } : {}),
      };
      const publicKey = PublicKeyCredential.parseCreationOptionsFromJSON(options);
      return navigator.credentials.create({ publicKey });
    });
  }

  confirm(event: Event): void {
    void this.run(event, () => this.ask(this.fromPage()));
  }

  signIn(event: Event): void {
    void this.run(event, async () => {
      const response = await fetch(this.optionsUrlValue, { headers: { Accept: "application/json" } });
      if (!response.ok) throw new Error("The server did not answer. Try again in a moment.");
      return this.ask((await response.json()) as Options);
    });
  }

  private async run(event: Event, get: () => Promise<Credential | null>): Promise<void> {
    if (this.credentialTarget.value) return; // the second time around: let the form go
    event.preventDefault();
    this.errorTarget.hidden = true;
    this.buttonTarget.disabled = true;
    try {
      const credential = await get();
      if (!credential) throw new Error("Nothing was chosen.");
      this.credentialTarget.value = JSON.stringify(credential);
      this.element.submit();
    } catch (error) {
      this.buttonTarget.disabled = false;
      this.errorTarget.textContent = wordsFor(error);
      this.errorTarget.hidden = false;
    }
  }

  private ask(options: Options): Promise<Credential | null> {
    const publicKey = PublicKeyCredential.parseRequestOptionsFromJSON(
      options.request_options!.publicKey as PublicKeyCredentialRequestOptionsJSON,
    );
    return navigator.credentials.get({ publicKey });
  }

  private fromPage(): Options {
    return JSON.parse(document.getElementById("passkey-options")!.textContent ?? "{}") as Options;
  }
}

/** What went wrong, for a person. Browsers do not tell a refusal from a time-out, on purpose. */
export function wordsFor(error: unknown): string {
  const name = error instanceof DOMException ? error.name : "";
  if (name === "NotAllowedError") return "That was cancelled or took too long. Try again.";
  if (name === "InvalidStateError") return "This device holds a passkey for your account already.";
  if (name === "SecurityError") return "Passkeys need a secure address (https, or localhost).";
  if (typeof PublicKeyCredential === "undefined") return "This browser does not know passkeys.";
  return error instanceof Error ? error.message : "That did not work. Try again.";
}
