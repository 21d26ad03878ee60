/** TLS and credentials for one request; files and exec plug-ins are read again when they have changed. */
export interface ClusterAccess {
  readonly headers: Readonly<Record<string, string>>;
  readonly ca?: string | Buffer | undefined;
  readonly cert?: string | Buffer | undefined;
  readonly key?: string | Buffer | undefined;
  readonly servername?: string | undefined;
  /** False only where the kubeconfig says `insecure-skip-tls-verify`. */
  readonly rejectUnauthorized: boolean;
}

/** One cluster and how to log in to it. */
export interface ClusterConnection {
  /** Base URL of the API server without a trailing slash. */
  readonly server: string;
  /** Namespace of the service account or the context; undefined when none is set. */
  readonly namespace: string | undefined;
  /** Called before every request, so that rotated tokens take effect at once. */
  access(): Promise<ClusterAccess>;
}
