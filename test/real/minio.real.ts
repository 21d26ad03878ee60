import { minio } from "./servers/minio.ts";
import { runRealSuite } from "./suite/real-suite.ts";

await runRealSuite(minio);
