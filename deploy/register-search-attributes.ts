import { ConfigError, loadConfig, required } from '../runtime/config';
import { ensureSearchAttributes } from '../scripts/servers/temporal-readiness';
import { SetupProblem } from '../scripts/servers/setup-problem';
import { SEARCH_ATTRIBUTES } from '../workflows/search-attributes';

/**
 * Registers our search attributes with the Temporal server of TEMPORAL_ADDRESS, in TEMPORAL_NAMESPACE, and waits until
 * they can be used. Those that are there are left alone, so it may run at every deployment.
 */
async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const address = required(config.temporalAddress, 'TEMPORAL_ADDRESS');
  const say = (text: string): void => console.log(text);
  await ensureSearchAttributes(address, config.temporalNamespace, SEARCH_ATTRIBUTES, say);
  console.log(
    `Usable in ${config.temporalNamespace}: ${SEARCH_ATTRIBUTES.map(({ name }) => name).join(', ')}`,
  );
}

main().catch((error: unknown) => {
  const forPeople = error instanceof ConfigError || error instanceof SetupProblem;
  console.error(forPeople ? error.message : error);
  process.exitCode = 1;
});
