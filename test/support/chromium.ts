import { createHash, X509Certificate } from "node:crypto";

/** What tests do with a page. */
export type BrowserPage = {
  goto(url: string): Promise<{
    text(): Promise<string>;
    securityDetails(): Promise<{ readonly protocol?: string } | null>;
  } | null>;
  /** Runs a function in the page, which sees nothing but its argument. */
  evaluate<Arg, Result>(run: (arg: Arg) => Promise<Result>, arg: Arg): Promise<Result>;
};

type Playwright = {
  readonly chromium: {
    launch(options: { readonly executablePath: string; readonly args: readonly string[] }): Promise<{
      newPage(): Promise<BrowserPage>;
      close(): Promise<void>;
    }>;
  };
};

// Its own types want those of the DOM, which is none of ours: so it is imported without them.
const playwright: string = "playwright-core";

/** Opens a page in Chromium, which trusts servers that show this certificate, or come with it as their authority's, and no other unknown ones. */
export async function withPage(
  { executablePath, certificate }: { readonly executablePath: string; readonly certificate: string },
  use: (page: BrowserPage) => Promise<void>,
): Promise<void> {
  const { chromium } = (await import(playwright)) as Playwright;
  const publicKey = new X509Certificate(certificate).publicKey.export({ type: "spki", format: "der" });
  const pin = createHash("sha256").update(publicKey).digest("base64");
  const args = ["--no-sandbox", `--ignore-certificate-errors-spki-list=${pin}`];
  const browser = await chromium.launch({ executablePath, args });
  try {
    await use(await browser.newPage());
  } finally {
    await browser.close();
  }
}
