import { moto } from "./servers/moto.ts";
import { runRealSuite } from "./suite/real-suite.ts";

await runRealSuite(moto);
