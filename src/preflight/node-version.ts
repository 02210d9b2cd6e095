// Whether this Node is new enough. Imported by bin/azurecache.js before anything else, so it has no import, and no
// word that a Node 14 could not read; what is older cannot read bin/azurecache.js either.

/**
 * What is wrong with this version of Node, in one sentence that says what to do; undefined when nothing is.
 * @param version without the v
 * @param wanted `engines.node` of package.json: >=20
 */
export function nodeProblem(version: string, wanted: string): string | undefined {
  const least = Number(wanted.replace(/^\D*/, ''));
  if (Number(version.split('.')[0]) >= least) return undefined;
  return `This Node is ${version}, and the sidecar needs Node ${least} or later. Install one (https://nodejs.org), and run npm ci with it. On App Service set WEBSITE_NODE_DEFAULT_VERSION to ~22.`;
}
