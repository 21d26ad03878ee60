import { type Dispatcher, fetch as undiciFetch } from "undici";
import { cancelled } from "../cancelled.ts";
import { unauthenticated } from "./auth-error.ts";
import type { CredentialFile } from "./credential-file.ts";
import { impersonationIn } from "./impersonation.ts";
import type { TokenSource } from "./loaded-token.ts";
import { cloudScope } from "./scope.ts";
import type { GcpLoginContext } from "./token-service.ts";

const fields = { operation: "exchange identity token" };

/**
 * Federation sources with protocols of their own (AWS, executables, certificates), by google-auth-library over our network. It
 * reads the variables that these need (`AWS_*`, `GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES`) from the process.
 */
export function librarySource(context: GcpLoginContext, file: CredentialFile): TokenSource {
  const email = impersonationIn(file)?.email;
  return async (signal) => {
    const { ExternalAccountClient } = await import("google-auth-library");
    type Options = Parameters<typeof ExternalAccountClient.fromJSON>[0];
    const client = ExternalAccountClient.fromJSON({
      ...(file.content as unknown as Options),
      scopes: [cloudScope],
      transporterOptions: { fetchImplementation: fetchThrough(context, signal) },
    });
    const asked = email ?? file.place;
    const hint = "Check credential_source in the credential file, and the workload identity pool's provider.";
    if (client === null) throw unauthenticated({ ...fields, asked, detail: "the source of tokens is unknown", hint });
    let token: string | null | undefined;
    try {
      ({ token } = await client.getAccessToken());
    } catch (error) {
      if (signal.aborted) throw cancelled(signal, fields.operation);
      // The library's errors hold whole requests: their secrets stay here.
      const status = (error as { readonly status?: unknown }).status;
      const detail = `google-auth-library gets no token${typeof status === "number" ? ` (${status})` : ""}`;
      throw unauthenticated({ ...fields, asked, detail, hint });
    }
    if (!token) throw unauthenticated({ ...fields, asked, detail: "google-auth-library gets no token", hint });
    return {
      token,
      expiration: client.credentials.expiry_date ?? undefined,
      quotaProject: file.quotaProject,
      identity:
        email === undefined
          ? { kind: "unknown", name: "federated identity", source: `federation by ${file.place}`, confirmed: true }
          : { kind: "email", name: email, source: `federation by ${file.place}`, confirmed: true },
    };
  };
}

/** `fetch` over the network's dispatcher; services on the node are asked directly. */
function fetchThrough({ dispatcher, local }: GcpLoginContext, signal: AbortSignal): typeof fetch {
  const send = (input: string | URL | Request, init: RequestInit = {}) => {
    const url = new URL(input instanceof Request ? input.url : input);
    const through: Dispatcher = url.protocol === "http:" ? local : dispatcher;
    const options = { ...init, signal, dispatcher: through } as Parameters<typeof undiciFetch>[1];
    return undiciFetch(url, options) as unknown as Promise<Response>;
  };
  return send;
}
